"""Plain words for a task, any number of them: `invoke ci.run lint-check unit-tests`.

Invoke takes one word for each positional argument, demands it, and reads every other word as the
next task. Here a positional argument that is a list, which Invoke leaves without a meaning, takes
all words that follow its task and are no flag.
"""

from __future__ import annotations

from functools import wraps

from invoke.parser.parser import ParseMachine


def allow() -> None:
    """Teach the parser, once."""
    usual = ParseMachine.handle
    if hasattr(usual, "__wrapped__"):
        return

    @wraps(usual)
    def handle(machine: ParseMachine, token: str) -> None:
        found = machine.context.positional_args if machine.context else []
        lists = [argument for argument in found if argument.kind is list]
        if lists and not token.startswith("-") and not machine.waiting_for_flag_value:
            lists[0].value = token
        else:
            usual(machine, token)

    ParseMachine.handle = handle  # type: ignore[assignment, method-assign]
