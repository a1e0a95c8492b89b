"""Dependencies without a wheel: given to the build that wants them, and paid once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.images.wheels.wheelwright import (
    ORDER,
    PINS,
    Machine,
    lines,
    machine,
    ways,
)
from towpath.core.errors import CommandFailedError
from towpath.images.bake import Order
from towpath.images.wheels import provide as wheels

__all__ = ["machine"]

pytestmark = pytest.mark.door


def test_nothing_is_asked_where_nothing_is_missing(machine: Machine) -> None:
    """A build that goes well costs no question to the index or the builder."""
    workspace = machine.workspace()

    done, given = wheels.provided(workspace, ORDER, lambda order: order.wheels, str)

    assert (done, given) == ("", wheels.ProvidedWheels())
    assert not [line for line in lines(workspace) if "uv" in line or "buildx" in line]


def test_the_registry_is_asked_once_about_pins_that_want_nothing(machine: Machine) -> None:
    """This machine remembers it; wheels that are missing all the same are made."""
    workspace = machine.workspace()

    for _ in range(3):
        wheels.provided(workspace, ORDER, lambda order: order.wheels, str)

    asked = [line for line in machine.store.asked if "/manifests/pins-" in line]
    # Once without, and once more with the login that it asked for.
    assert len(asked) == 2
    assert ways(machine.build(workspace)) == {"linux/amd64": "native", "linux/arm64": "cross"}
    assert ways(machine.build(workspace))["linux/arm64"] == "reused, cross"


def test_what_is_missing_is_made_across_and_given_to_the_build(machine: Machine) -> None:
    """The engine's own platform with its compiler, the other one with a cross compiler."""
    workspace = machine.workspace()

    given = machine.build(workspace)

    assert ways(given) == {"linux/amd64": "native", "linux/arm64": "cross"}
    assert sorted(machine.made) == ["amd64 native", "arm64 cross"]
    assert machine.given[0] == "" and machine.given[1] == str(given.folder)


@pytest.mark.parametrize(
    ("name", "locks"), [("here", 0), ("elsewhere", 1)], ids=["the same machine", "another"]
)
def test_the_next_build_pays_nothing(machine: Machine, name: str, locks: int) -> None:
    """It is given what was made, at its first try; another machine asks the index once.

    Whether the pins really have no wheel is not for a registry to say.
    """
    machine.build(machine.workspace())
    machine.made.clear()
    machine.given.clear()
    workspace = machine.workspace(name)

    given = machine.build(workspace)

    assert ways(given) == {"linux/amd64": "reused, native", "linux/arm64": "reused, cross"}
    assert machine.made == [] and machine.given == [str(given.folder)]
    machine.build(workspace)
    assert not [line for line in lines(workspace) if "buildx" in line]
    assert len([line for line in lines(workspace) if "uv pip compile" in line]) == locks


def test_another_base_wants_other_wheels(machine: Machine) -> None:
    """What was made for the one of before is not good for this one."""
    machine.build(machine.workspace())
    machine.base = "sha256:" + "c" * 64
    machine.made.clear()

    given = machine.build(machine.workspace())

    assert sorted(machine.made) == ["amd64 native", "arm64 cross"]
    assert ways(given) == {"linux/amd64": "native", "linux/arm64": "cross"}


def test_other_pins_take_over_the_wheels_that_they_share(machine: Machine) -> None:
    """A wheel follows from its own source: a change of another pin does not make it anew."""
    machine.build(machine.workspace())
    machine.made.clear()
    workspace = machine.workspace("changed")
    (workspace.config.root / "requirements/production.txt").write_text(f"# other\n{PINS}")

    given = machine.build(workspace)

    assert ways(given) == {"linux/amd64": "reused, native", "linux/arm64": "reused, cross"}
    assert machine.made == []


def test_a_failure_of_another_kind_is_none_of_ours(machine: Machine) -> None:
    """Nothing is looked up, and the error is the builder's own."""
    workspace = machine.workspace()

    def fail(_order: Order) -> str:
        raise CommandFailedError("a test of the builder")

    with pytest.raises(CommandFailedError, match="a test of the builder"):
        wheels.provided(workspace, ORDER, fail, str)
    assert not [line for line in lines(workspace) if "uv" in line]


def test_the_testing_image_has_pins_of_its_own(machine: Machine) -> None:
    """Both files are looked at where that image is asked for, and each gets the new hash."""
    workspace = machine.workspace()
    order = replace(ORDER, targets=("production", "testing"))

    given = machine.build(workspace, order)

    assert given.folder is not None
    sha256 = next(row.sha256 for row in given.wheels if row.platform == "linux/arm64")
    for name in ("production.txt", "test.txt"):
        assert f"sha256:{sha256}" in (given.folder / "arm64" / name).read_text()
    assert len([line for line in lines(workspace) if "uv pip compile" in line]) == 2


def test_a_wheel_that_nobody_has_any_more_is_made_again(machine: Machine) -> None:
    """A record of it is not enough."""
    workspace = machine.workspace()
    machine.build(workspace)
    for file in (workspace.config.state / "wheels").iterdir():
        if file.suffix != ".json":
            file.unlink()
    machine.store.blobs.clear()
    machine.made.clear()

    given = machine.build(workspace)

    assert sorted(machine.made) == ["amd64 native", "arm64 cross"]
    assert ways(given) == {"linux/amd64": "native", "linux/arm64": "cross"}
