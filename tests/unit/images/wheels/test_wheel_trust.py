"""Who may be believed about wheels: this machine, and a registry that let us in."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.images.wheels.wheelwright import Machine, machine, said, ways
from towpath.core.errors import ConfigurationError, NothingToJudgeError

__all__ = ["machine"]

pytestmark = pytest.mark.door


def test_a_registry_without_a_login_is_not_believed(machine: Machine) -> None:
    """It has a record, which anybody may have written: it is said, and the wheels are made here."""
    machine.build(machine.workspace("theirs"))
    machine.made.clear()
    machine.logged_in = False
    workspace = machine.workspace("victim")

    given = machine.build(workspace)

    assert ways(given) == {"linux/amd64": "native", "linux/arm64": "cross"}
    assert sorted(machine.made) == ["amd64 native", "arm64 cross"]
    assert {row.registry for row in given.wheels} == {""}
    assert "was accessed without a login" in " ".join(said(workspace).split())
    # What this machine made itself, it takes over without any registry.
    assert set(ways(machine.build(workspace)).values()) == {"reused, native", "reused, cross"}


@pytest.mark.parametrize(("setting", "logged_in"), [("always", False), ("authenticated", True)])
def test_every_wheel_of_a_registry_is_named(
    machine: Machine, setting: str, logged_in: bool
) -> None:
    """By the build that takes it over, and by each later one of this machine."""
    machine.build(machine.workspace("theirs"))
    machine.registry_wheels, machine.logged_in = setting, logged_in
    workspace = machine.workspace("victim")
    origin = f"{machine.store.host}/towpath/dashboard-wheels"

    for _ in range(2):
        given = machine.build(workspace)

        assert set(ways(given).values()) == {"reused, native", "reused, cross"}
        assert {row.registry for row in given.wheels} == {origin}
        assert all(str(row).endswith(f", from {origin}") for row in given.wheels)
        annotations = [row.as_dependency()["annotations"] for row in given.wheels]
        assert {row["registry"] for row in annotations} == {origin}


def test_a_registry_is_never_asked_where_it_is_never_used(machine: Machine) -> None:
    """Neither read nor written."""
    machine.registry_wheels = "never"
    workspace = machine.workspace()

    assert set(ways(machine.build(workspace)).values()) == {"native", "cross"}
    assert set(ways(machine.build(workspace)).values()) == {"reused, native", "reused, cross"}
    assert [line for line in machine.store.asked if "-wheels/" in line] == []


def test_a_record_here_that_another_user_may_have_written_is_none(machine: Machine) -> None:
    """It is said, and the wheels are made again."""
    machine.registry_wheels = "never"
    workspace = machine.workspace()
    machine.build(workspace)
    for file in (workspace.config.state / "wheels").glob("*.json"):
        file.chmod(0o666)

    given = machine.build(workspace)

    assert set(ways(given).values()) == {"native", "cross"}
    assert "another user may have written it" in " ".join(said(workspace).split())


def test_a_broken_record_of_this_machine_is_named(machine: Machine) -> None:
    """It is not taken for none."""
    workspace = machine.workspace()
    machine.build(workspace)
    file = next((workspace.config.state / "wheels").glob("pins-*.json"))
    file.write_bytes(b"{")

    with pytest.raises(NothingToJudgeError) as caught:
        machine.build(workspace)
    assert str(file) in caught.value.what


@pytest.mark.parametrize("link", ["build", "build/wheels"])
def test_nothing_is_laid_out_through_a_link(machine: Machine, tmp_path: Path, link: str) -> None:
    """A directory of the reports that leads elsewhere is an error that names it."""
    workspace = machine.workspace()
    outside = tmp_path / "outside"
    outside.mkdir()
    place = workspace.config.reports / link
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(outside)

    with pytest.raises(ConfigurationError, match="is a symbolic link or not a directory"):
        machine.build(workspace)
    assert not list(outside.rglob("*.whl"))
