"""Where wheels are kept: checked by their hash, on this machine and in the registry."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.layers import wheel
from tests.registry_server import Fault, Store
from tests.unit.images.wheels.wheelwright import (
    SHA256,
    Machine,
    machine,
    said,
    ways,
)
from towpath.core.errors import CommandFailedError, NothingToJudgeError, RegistryNotFoundError
from towpath.images.wheels import record_reader as wheel_records
from towpath.images.wheels import store as shed
from towpath.images.wheels.wheels_reader import WheelSource

__all__ = ["machine"]

pytestmark = pytest.mark.door


def test_a_registry_that_keeps_nothing_costs_the_next_machine_alone(machine: Machine) -> None:
    """The build goes on with what this machine has, and says so."""
    workspace = machine.workspace()
    _refuse_pushes(machine.store)

    given = machine.build(workspace)

    assert ways(given) == {"linux/amd64": "native", "linux/arm64": "cross"}
    assert "in the registry: " in " ".join(said(workspace).split())


def test_a_wheel_is_checked_by_its_hash(machine: Machine, tmp_path: Path) -> None:
    """Bytes that changed on this machine are taken from the registry again."""
    workspace = machine.workspace()
    wheel = machine.build(workspace).wheels[0]
    place = workspace.config.state / "wheels" / wheel.sha256
    good = place.read_bytes()
    place.write_bytes(b"other")

    assert shed.contents(workspace, [wheel]) == {wheel.sha256: good}
    assert place.read_bytes() == good
    machine.store.blobs.clear()
    place.unlink()
    with pytest.raises(RegistryNotFoundError, match="is not available"):
        shed.contents(workspace, [wheel])


def test_a_build_that_leaves_two_wheels_is_an_error(machine: Machine) -> None:
    """Which of them was meant is not ours to guess."""
    workspace = machine.workspace()
    row = WheelSource("thing", "1.0", SHA256)
    folder = machine.root / "out"
    folder.mkdir()

    with pytest.raises(CommandFailedError, match="produced 0 wheels"):
        shed.store(workspace, row, "linux/amd64", "native", 1.0, folder)


def test_half_a_wheel_is_an_error(machine: Machine) -> None:
    """Nothing is kept of it."""
    workspace = machine.workspace()
    row = WheelSource("thing", "1.0", SHA256)
    (machine.root / "thing-1.0-py3-none-any.whl").write_bytes(wheel({"a.py": b"pass"})[:-8])

    with pytest.raises(CommandFailedError, match="is not a valid wheel"):
        shed.store(workspace, row, "linux/amd64", "native", 1.0, machine.root)
    assert not (workspace.config.state / "wheels").exists()


def test_a_wheel_of_something_else_is_an_error(machine: Machine) -> None:
    """What a build leaves has to be what was asked for, by its name and inside."""
    workspace = machine.workspace()
    row = WheelSource("thing", "1.0", SHA256)
    name = "other-1.0-py3-none-any.whl"
    (machine.root / name).write_bytes(wheel({"a.py": b"pass"}, name))

    with pytest.raises(CommandFailedError, match="The build of thing 1.0 produced other"):
        shed.store(workspace, row, "linux/amd64", "pure", 1.0, machine.root)
    assert not (workspace.config.state / "wheels").exists()


def test_what_a_wheel_cost_is_said() -> None:
    """Both what it costs now and what it cost when it was made."""
    wheel = shed.Wheel("thing", "1.0", "linux/arm64", "cross", 12.34, "thing.whl", SHA256)

    assert str(wheel) == "thing 1.0 for linux/arm64: cross-compiled, built in 12.3 s"
    assert str(wheel.reused.reused).endswith(
        ": reused (cross-compiled, originally built in 12.3 s)"
    )
    assert str(replace(wheel, registry="r/x")) == (
        "thing 1.0 for linux/arm64: cross-compiled, built in 12.3 s, from r/x"
    )


def _refuse_pushes(store: Store) -> None:
    store.faults = [Fault("/blobs/uploads/", 403) for _ in range(9)]


def test_a_wheel_that_is_too_large_is_an_error(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that could not be read back is not kept; all of a build have a bound together."""
    workspace = machine.workspace()
    made = machine.build(workspace).wheels
    monkeypatch.setattr(shed, "LARGEST_ALL", made[0].size)
    with pytest.raises(NothingToJudgeError, match="The wheels of one build are larger than"):
        shed.contents(workspace, made)

    monkeypatch.setattr(wheel_records, "LARGEST_WHEEL", 10)
    name = "thing-1.0-py3-none-any.whl"
    (machine.root / name).write_bytes(wheel({}, name))
    with pytest.raises(CommandFailedError, match="is larger than 10 bytes"):
        shed.store(
            workspace, WheelSource("thing", "1.0", SHA256), "linux/amd64", "pure", 1, machine.root
        )
