"""What cannot be parsed ends with 2, as every mistake in a command does; Invoke ends with 1."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import wraps

from invoke.exceptions import Exit, ParseError
from invoke.program import Program

from towpath.core.errors import ConfigurationError
from towpath.core.suggest import nearest


def explain() -> None:
    """Have Invoke say what it cannot parse as we say every error, once and for all."""
    # Tasks are found after the first reading of the command line and before these.
    for name in ("parse_tasks", "parse_cleanup"):
        usual = getattr(Program, name)
        if not hasattr(usual, "__wrapped__"):
            setattr(Program, name, _with_our_code(usual))


def _with_our_code(usual: Callable[[Program], None]) -> Callable[[Program], None]:
    @wraps(usual)
    def parse(program: Program) -> None:
        try:
            usual(program)
        except Exit as error:
            # With a message it is a mistake, without one the end of --help or --list.
            raise Exit(error.message, ConfigurationError.code if error.message else 0) from error
        except (ParseError, ValueError) as error:
            contexts = getattr(program, "parser", None)
            shown = _error(str(error), contexts.contexts if contexts else ())
            raise Exit(
                "\n".join(["ERROR " + shown.what, *shown.lines()[1:]]), shown.code
            ) from error

    return parse


def _error(said: str, tasks: Iterable[str]) -> ConfigurationError:
    """Return the error of a command line that cannot be parsed, with the nearest right word."""
    if unknown := re.search(r"No idea what '(.+?)' is", said):
        word = unknown[1]
        kind = "option" if word.startswith("-") else "task"
        return ConfigurationError(
            f"Unknown {kind} {word!r}.{'' if kind == 'option' else nearest(word, tasks)}",
            next_step="See `invoke --list`, and `invoke --help TASK` for the options of a task.",
        )
    return ConfigurationError(
        "The command cannot be understood.",
        why=re.sub(r"<Argument: (\S+)[^>]*>", r"--\1", said),
        next_step="See `invoke --help TASK` for what a task takes.",
    )
