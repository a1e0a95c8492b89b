"""Errors: what, why, next, and one exit code for each kind."""

from __future__ import annotations

import inspect

import pytest

from towpath.core import errors
from towpath.core.errors import TowpathError

CODES = {
    "TowpathError": 1,
    "ConfigurationError": 2,
    "EngineAbsentError": 2,
    "NothingToJudgeError": 3,
    "GateFailedError": 4,
    "CommandFailedError": 5,
    "DeploymentUndoneError": 6,
    "PromotionRefusedError": 7,
    "LockedError": 8,
    "InterruptedRunError": 130,
}
KINDS = {
    name: kind
    for name, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, TowpathError)
}


@pytest.mark.parametrize(("name", "code"), CODES.items())
def test_each_kind_has_the_code_of_the_design(name: str, code: int) -> None:
    """The table of exit codes is DESIGN's."""
    assert KINDS[name]("what").code == code


def test_no_kind_brings_a_code_of_its_own() -> None:
    """Every error ends with a code of the table; all of the registry's are failed commands."""
    assert {kind.code for kind in KINDS.values()} == set(CODES.values())
    assert {kind.code for name, kind in KINDS.items() if name.startswith("Registry")} == {5}


def test_a_message_has_up_to_three_lines() -> None:
    """What always; why and next where they are known."""
    whole = TowpathError("It broke.", why="It was old.", next_step="Mend it.")

    assert whole.lines() == ["It broke.", "why: It was old.", "next: Mend it."]
    assert TowpathError("It broke.").lines() == ["It broke."]
    assert str(whole) == "It broke."
