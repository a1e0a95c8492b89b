"""Commands in which a person types need a terminal, and say so where there is none."""

from __future__ import annotations

import os
from collections.abc import Callable

from towpath.core.errors import ConfigurationError

# Standard input, where the person types, and standard output, where the answers appear.
STREAMS = {0: "Standard input", 1: "Standard output"}


def require_terminal(
    command: str, instead: str, is_terminal: Callable[[int], bool] = os.isatty
) -> None:
    """Raise ConfigurationError unless a person can type here; `instead` is another way."""
    for number, name in STREAMS.items():
        if not is_terminal(number):
            raise ConfigurationError(
                f"{command} needs a terminal.",
                why=f"{name} is not one: it is a pipe or a file, as in a CI job.",
                next_step=instead,
            )
