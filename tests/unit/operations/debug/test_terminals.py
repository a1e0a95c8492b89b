"""Where nobody can type, a command says so."""

from __future__ import annotations

import pytest

from towpath.core.errors import ConfigurationError
from towpath.operations.debug.terminals import require_terminal


@pytest.mark.parametrize(("absent", "name"), [(0, "Standard input"), (1, "Standard output")])
def test_both_streams_have_to_be_terminals(absent: int, name: str) -> None:
    """Exit code 2, which of them is none, and what else can be done."""
    with pytest.raises(ConfigurationError) as caught:
        require_terminal("invoke x", "invoke y", lambda number: number != absent)

    assert caught.value.lines() == [
        "invoke x needs a terminal.",
        f"why: {name} is not one: it is a pipe or a file, as in a CI job.",
        "next: invoke y",
    ]
    assert caught.value.code == 2


def test_a_terminal_is_enough() -> None:
    """Both streams are looked at, and nothing is said."""
    asked: list[int] = []

    require_terminal("invoke x", "invoke y", lambda number: asked.append(number) is None)

    assert asked == [0, 1]
