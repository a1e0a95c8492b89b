"""Errors of the command line end with exit code 2, like every usage error; Invoke's is 1."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable
from functools import wraps

from invoke.context import Context
from invoke.exceptions import Exit, ParseError
from invoke.program import Program

from towpath.core.errors import ConfigurationError
from towpath.core.suggest import nearest


def explain() -> None:
    """Patch Invoke, once, to report a command line that it cannot parse like our other errors.

    Invoke also joins what stands after `--` with blanks; here it is quoted, see `after_dashes`.
    """
    # Tasks are loaded after the first pass over the command line and before these.
    for name in ("parse_tasks", "parse_cleanup"):
        usual = getattr(Program, name)
        if not hasattr(usual, "__wrapped__"):
            setattr(Program, name, _with_our_code(name, usual))


def _with_our_code(name: str, usual: Callable[[Program], None]) -> Callable[[Program], None]:
    @wraps(usual)
    def parse(program: Program) -> None:
        _quote_remainder(program)
        if name == "parse_tasks":
            _help_after_a_task(program)
        try:
            usual(program)
        except Exit as error:
            # With a message it is an error, without one the end of --help or --list.
            raise Exit(error.message, ConfigurationError.code if error.message else 0) from error
        except (ParseError, ValueError) as error:
            contexts = getattr(program, "parser", None)
            shown = _error(str(error), contexts.contexts if contexts else ())
            raise Exit(
                "\n".join(["ERROR " + shown.what, *shown.lines()[1:]]), shown.code
            ) from error

    return parse


def after_dashes(context: Context) -> list[str]:
    """Return the words after `--` on the command line, each as it was typed: `-k "one or two"`."""
    return shlex.split(context.remainder)


def _quote_remainder(program: Program) -> None:
    # Shell completion reads its own line there.
    if "--" in program.argv and not program.args.complete.value:
        program.core.remainder = shlex.join(program.argv[program.argv.index("--") + 1 :])


def _help_after_a_task(program: Program) -> None:
    """Show the help of a task if that is asked for after its name; `invoke TASK --help`.

    Invoke takes the word for the value of an argument that the task cannot do without.
    """
    words = list(program.core.unparsed)
    asked = words[: words.index("--")] if "--" in words else words
    task = next((word for word in asked if not word.startswith("-")), "")
    if task and {"--help", "-h"} & set(asked[asked.index(task) :]):
        program.args.help.value = task
        program.core.unparsed = []


def _error(message: str, tasks: Iterable[str]) -> ConfigurationError:
    """Return the error of a command line that cannot be parsed, with the nearest valid name."""
    if unknown := re.search(r"No idea what '(.+?)' is", message):
        word = unknown[1]
        kind = "option" if word.startswith("-") else "task"
        return ConfigurationError(
            f"Unknown {kind} {word!r}.{'' if kind == 'option' else nearest(word, tasks)}",
            next_step="See `invoke --list`, and `invoke --help TASK` for the options of a task.",
        )
    return ConfigurationError(
        "Cannot parse the command.",
        why=re.sub(r"<Argument: (\S+)[^>]*>", r"--\1", message),
        next_step="See `invoke --help TASK` for the options of a task.",
    )
