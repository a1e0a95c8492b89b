"""What was made for other pins: taken over by its source, for the same base and recipe."""

from __future__ import annotations

import pytest

from tests.unit.images.wheels.wheelwright import PINS, SHA256, Machine, lines, machine, ways
from towpath.images.wheels import registry as registries
from towpath.images.wheels import sources as stock
from towpath.images.wheels import wheels_reader as wheels
from towpath.images.wheels.record_reader import Wheel, WheelRecord

__all__ = ["machine"]

pytestmark = pytest.mark.door

MORE = f"# other\n{PINS}"
BASE, OTHER = "sha256:" + "b" * 64, "sha256:" + "c" * 64
FILE = "thing-1.0-cp313-cp313-linux_x86_64.whl"


def row(source: str, base: str = BASE, sha256: str = "e" * 64) -> WheelRecord:
    """Return a record of one wheel of a source."""
    platform = "linux/amd64"
    made = Wheel("thing", "1.0", platform, "native", 1, FILE, sha256, source=source, size=1)
    return WheelRecord(base, (made,))


def rows(record: WheelRecord | None) -> tuple[str, list[str]]:
    """Return the base of a record, and the first letter of each wheel's source."""
    assert record is not None
    return record.base, [it.source[0] for it in record.wheels]


def pins(*sources: str) -> dict[wheels.Pinned, frozenset[str]]:
    """Return a pin that allows these sources."""
    return {("thing", "1"): frozenset(sources)}


@pytest.mark.parametrize("name", ["here", "elsewhere"], ids=["the same machine", "another"])
def test_a_change_of_pins_costs_no_second_try(machine: Machine, name: str) -> None:
    """The first try has the wheels; nobody asks the index about what this machine made."""
    machine.build(machine.workspace())
    machine.made.clear()
    machine.given.clear()
    workspace = machine.workspace(name)
    (workspace.config.root / "requirements/production.txt").write_text(MORE)
    before = len(lines(workspace))

    given = machine.build(workspace)

    assert ways(given) == {"linux/amd64": "reused, native", "linux/arm64": "reused, cross"}
    assert machine.made == [] and machine.given == [str(given.folder)]
    assert not [line for line in lines(workspace)[before:] if "buildx" in line]
    asked = [line for line in lines(workspace)[before:] if "uv" in line]
    assert len(asked) == (name == "elsewhere")


def test_what_was_taken_over_is_known_by_its_pins_from_then_on(machine: Machine) -> None:
    """Another machine finds a record of the new pins themselves."""
    machine.build(machine.workspace())
    workspace = machine.workspace()
    (workspace.config.root / "requirements/production.txt").write_text(MORE)
    machine.build(workspace)
    puts = [line for line in machine.store.asked if line.startswith("PUT") and "pins-" in line]

    machine.build(workspace)

    assert len(puts) == 2
    again = [line for line in machine.store.asked if line.startswith("PUT")]
    assert len([line for line in again if "pins-" in line]) == 2


def test_another_source_is_another_wheel(machine: Machine) -> None:
    """The same name with another hash takes nothing over."""
    workspace = machine.workspace()
    stock.add(workspace, row("a" * 64))

    assert rows(stock.find(workspace, pins("a" * 64))) == (BASE, ["a"])
    assert stock.find(workspace, pins("d" * 64)) is None
    assert stock.find(workspace, {}) is None


def test_what_is_for_the_same_base_is_kept_together(machine: Machine) -> None:
    """The newest first, each once; another base begins anew."""
    workspace = machine.workspace()
    for source in ("1" * 64, "2" * 64, "1" * 64):
        stock.add(workspace, row(source))
    wanted = pins("1" * 64, "2" * 64)

    found = stock.find(workspace, wanted)
    stock.add(workspace, row("2" * 64, OTHER))

    assert rows(found) == (BASE, ["2", "1"])
    assert rows(stock.find(workspace, wanted)) == (OTHER, ["2"])


def test_a_wheel_that_was_made_again_takes_the_place_of_the_one_before(machine: Machine) -> None:
    """There is one for each source and platform, the newest."""
    workspace = machine.workspace()
    stock.add(workspace, row("1" * 64))
    stock.add(workspace, row("2" * 64))
    both = WheelRecord(BASE, (*row("1" * 64, sha256="f" * 64).wheels, *row("3" * 64).wheels))
    stock.add(workspace, both)

    found = stock.find(workspace, pins("1" * 64))

    assert found is not None and [it.sha256[0] for it in found.wheels] == ["f"]


def test_what_others_keep_is_no_record_of_this_machine(machine: Machine) -> None:
    """It stays in the registry beside ours, and nobody here believes it without a look."""
    theirs, ours = machine.workspace("theirs"), machine.workspace()
    stock.add(theirs, row("1" * 64))

    stock.add(ours, row("2" * 64))

    name = stock._name(ours)
    assert rows(registries.local(ours, name)) == (BASE, ["2"])
    assert rows(registries.remote(ours, name)) == (BASE, ["2", "1"])


def test_another_recipe_has_a_stock_of_its_own(machine: Machine) -> None:
    """Other build packages may give other wheels."""
    workspace = machine.workspace()
    stock.add(workspace, row(SHA256))
    file = workspace.config.root / "Dockerfile"
    file.write_text(file.read_text().replace("RUN make", "RUN make otherwise"))

    assert stock.find(workspace, pins(SHA256)) is None


def test_another_script_is_another_recipe(machine: Machine) -> None:
    """The stages that make wheels mount it; what Python compiles beside it does not count."""
    workspace = machine.workspace()
    root = workspace.config.root
    file = root / "Dockerfile"
    mounted = "RUN --mount=type=bind,source=docker/wheel,target=/docker/wheel make"
    file.write_text(file.read_text().replace("RUN make", mounted))
    (root / "docker/wheel/__pycache__").mkdir(parents=True)
    script = root / "docker/wheel/build.sh"
    script.write_text("one")
    stock.add(workspace, row(SHA256))

    (root / "docker/wheel/__pycache__/build.pyc").write_bytes(b"compiled")
    (root / "docker/other.sh").write_text("of another stage")
    assert stock.find(workspace, pins(SHA256)) is not None
    script.write_text("other")
    assert stock.find(workspace, pins(SHA256)) is None


def test_it_does_not_grow_without_end(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest are kept."""
    monkeypatch.setattr(stock, "LIMIT", 2)
    workspace = machine.workspace()
    for digit in "123":
        stock.add(workspace, row(digit * 64))

    found = stock.find(workspace, pins(*(digit * 64 for digit in "123")))

    assert rows(found) == (BASE, ["3", "2"])


def test_nothing_is_written_where_all_is_known(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A build whose wheels are all kept asks the registry for nothing."""
    workspace = machine.workspace()
    stock.add(workspace, row(SHA256))
    monkeypatch.setattr(registries, "remember", lambda *_: pytest.fail("It was written again."))

    stock.add(workspace, row(SHA256))
