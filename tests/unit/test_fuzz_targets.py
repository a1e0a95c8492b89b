"""Everything that reads what others wrote is fuzzed, without being listed by hand."""

from __future__ import annotations

import importlib
import inspect
from types import ModuleType

import pytest

from tests.fuzz import doors, targets
from towpath.core.errors import NothingToJudgeError


def test_every_reader_is_reached() -> None:
    """A new one that takes something for which no input is made fails here."""
    assert targets.unreached() == []


def test_what_is_said_to_be_ours_is_there() -> None:
    """A function that is gone, or renamed, is not left in the list."""
    assert targets.OURS - {name for name, _ in targets.public()} == frozenset()


def test_the_rooms_are_walked() -> None:
    """Modules of readers are found by themselves, and the doors to what is no function."""
    names = {target.name for target in targets.find()}

    assert {
        "checks.tests.junit_reader.read_junit",
        "scanning.spdx_reader.packages",
        "core.documents.loads",
    } <= names
    assert {
        "evidence.statement.decode",
        "registry.client.headers.challenges",
        "doors.journal",
    } <= names
    wanted = {f"doors.{name}" for name, _ in inspect.getmembers(doors, _is_door)}
    assert wanted == {name for name in names if name.startswith("doors.")}


def test_a_reader_with_a_parameter_of_an_unknown_type_is_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is named, so that whoever added it says how to make one."""

    def read(text: memoryview) -> None:
        """Read nothing."""

    module = ModuleType("towpath.checks.tests.junit_reader")
    read.__module__ = module.__name__
    module.__dict__["read"] = read
    monkeypatch.setattr(importlib, "import_module", _replacing(module))

    assert targets.unreached() == ["checks.tests.junit_reader.read"]


def test_only_typed_errors_are_let_through() -> None:
    """And those that a docstring names."""

    def typed(text: str) -> None:
        """Read."""
        raise NothingToJudgeError(text)

    def named(text: str) -> None:
        """Read; raises ValueError."""
        raise ValueError(text)

    def untyped(text: str) -> None:
        """Read."""
        raise KeyError(text)

    made = [targets.target_of("a.b", call) for call in (typed, named, untyped)]
    errors = [target.run({"text": "x"}) for target in made if target]

    assert [type(error) for error in errors] == [type(None), type(None), KeyError]


def _is_door(value: object) -> bool:
    return (
        inspect.isfunction(value)
        and value.__module__ == doors.__name__
        and not value.__name__.startswith("_")
    )


def _replacing(module: ModuleType) -> object:
    real = importlib.import_module

    def importing(name: str) -> ModuleType:
        return module if name == module.__name__ else real(name)

    return importing
