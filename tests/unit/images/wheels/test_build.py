"""How a wheel is made: pure, natively, across, or under emulation."""

from __future__ import annotations

import pytest

from tests.unit.images.wheels.wheelwright import (
    BOTH,
    SHA256,
    Machine,
    lines,
    machine,
    said,
    ways,
)
from towpath.core.errors import CommandFailedError
from towpath.images.builder import Builder
from towpath.images.wheels.build import WheelBuilder
from towpath.images.wheels.wheels_reader import WheelSource

__all__ = ["machine"]

pytestmark = pytest.mark.door


def test_a_pure_one_is_made_once_for_all(machine: Machine) -> None:
    """No compiler is asked for, and every platform gets the same file."""
    machine.pure = True

    given = machine.build(machine.workspace())

    assert ways(given) == dict.fromkeys(BOTH, "pure")
    assert machine.made == ["amd64 pure"]
    assert len({row.sha256 for row in given.wheels}) == 1


def test_what_cannot_be_made_across_is_made_under_emulation(machine: Machine) -> None:
    """Only that one, for that platform; it is said, since it takes long."""
    machine.fails = ("cross",)
    workspace = machine.workspace()

    given = machine.build(workspace)

    assert ways(given) == {"linux/amd64": "native", "linux/arm64": "emulated"}
    emulated = [line for line in lines(workspace) if "arm64-emulated" in line]
    assert ["--build-arg=MADE_ON=linux/arm64" in line for line in emulated] == [True]
    assert "building it under emulation" in " ".join(said(workspace).split())


def test_a_wheel_with_programs_of_another_machine_is_no_wheel(machine: Machine) -> None:
    """A build that takes the wrong compiler ends well; what it made is not kept, nor given."""
    machine.strange = ("cross",)
    workspace = machine.workspace()

    given = machine.build(workspace)

    assert ways(given) == {"linux/amd64": "native", "linux/arm64": "emulated"}
    assert "thing/part.so (x86-64)" in " ".join(said(workspace).split())
    assert ways(machine.build(machine.workspace("other")))["linux/arm64"] == "reused, emulated"


def test_a_pure_wheel_with_programs_in_it_is_made_with_a_compiler(machine: Machine) -> None:
    """Its name says that it is for every machine, and it is not."""
    machine.pure, machine.strange = True, ("pure",)

    given = machine.build(machine.workspace())

    assert ways(given) == {"linux/amd64": "native", "linux/arm64": "cross"}


def test_what_a_killed_build_left_is_not_taken_for_the_wheel(machine: Machine) -> None:
    """The directory of each wheel is emptied first."""
    workspace = machine.workspace()
    left = workspace.config.reports / "build" / "wheel-thing-arm64-cross" / "thing-0.9-old.whl"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")

    given = machine.build(workspace)

    assert ways(given)["linux/arm64"] == "cross" and not left.exists()


def test_what_cannot_be_made_at_all_ends_the_build(machine: Machine) -> None:
    """Nothing is kept of it, and the next build begins anew."""
    machine.fails = ("cross", "emulated")

    with pytest.raises(
        CommandFailedError, match="Cannot build a wheel of thing 1.0 for linux/arm64"
    ) as found:
        machine.build(machine.workspace())
    assert "no compiler" in found.value.why
    assert "build-packages" in found.value.next_step
    assert not [tag for tag in machine.store.tags if tag.startswith("pins-")]


@pytest.mark.parametrize(("emulates", "how"), [(False, "native"), (True, "cross")])
def test_a_machine_compiles_natively_only_what_it_is_of(
    machine: Machine, emulates: bool, how: str
) -> None:
    """One named for a platform that it is not of compiles across, as this one would."""
    places = [
        Builder("docker", BOTH[:1]),
        Builder("ssh://far", BOTH[1:], "default", {"DOCKER_HOST": "ssh://far"}, emulates),
    ]
    workshop = WheelBuilder(machine.workspace(), machine.base, BOTH[0], places)

    made = list(workshop.all({WheelSource("thing", "1.0", SHA256): BOTH}))

    assert {row.platform: row.how for row in made} == {BOTH[0]: "native", BOTH[1]: how}
