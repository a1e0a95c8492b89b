"""What was made for other pins: taken over by its source, for the same base and recipe."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.flows.wheelwright import PINS, SHA256, Machine, lines, machine, ways
from towpath.flows import shed, stock

__all__ = ["machine"]

pytestmark = pytest.mark.door

MORE = f"# other\n{PINS}"


def row(source: str, base: str = "b", platform: str = "linux/amd64") -> dict[str, Any]:
    """Return a record of one wheel of a source."""
    return {
        "base": base,
        "wheels": [{"sha256": f"w{source}", "platform": platform, "source": source}],
    }


@pytest.mark.parametrize("name", ["here", "elsewhere"], ids=["the same machine", "another"])
def test_a_change_of_pins_costs_no_second_try(machine: Machine, name: str) -> None:
    """The first try has the wheels, and nobody asks the index about files."""
    machine.build(machine.session())
    machine.made.clear()
    machine.given.clear()
    session = machine.session(name)
    (session.config.root / "requirements/production.txt").write_text(MORE)
    before = len(lines(session))

    given = machine.build(session)

    assert ways(given) == {"linux/amd64": "kept, native", "linux/arm64": "kept, cross"}
    assert machine.made == [] and machine.given == [str(given.folder)]
    assert not [line for line in lines(session)[before:] if "buildx" in line or "uv" in line]


def test_what_was_taken_over_is_known_by_its_pins_from_then_on(machine: Machine) -> None:
    """Another machine finds a record of the new pins themselves."""
    machine.build(machine.session())
    session = machine.session()
    (session.config.root / "requirements/production.txt").write_text(MORE)
    machine.build(session)
    puts = [line for line in machine.store.asked if line.startswith("PUT") and "pins-" in line]

    machine.build(session)

    assert len(puts) == 2
    again = [line for line in machine.store.asked if line.startswith("PUT")]
    assert len([line for line in again if "pins-" in line]) == 2


def test_another_source_is_another_wheel(machine: Machine) -> None:
    """The same name with another hash takes nothing over."""
    session = machine.session()
    stock.add(session, row("a" * 64))

    assert stock.find(session, [PINS]) == row("a" * 64)
    assert stock.find(session, [PINS.replace(SHA256, "d" * 64)]) is None
    assert stock.find(session, []) is None


def test_a_record_without_sources_is_none(machine: Machine) -> None:
    """An older pipeline wrote none."""
    session = machine.session()
    stock.add(session, {"base": "b", "wheels": [{"sha256": "w", "platform": "p"}]})

    assert stock.find(session, [PINS]) is None


def test_what_is_for_the_same_base_is_kept_together(machine: Machine) -> None:
    """The newest first, each once; another base begins anew."""
    session = machine.session()
    for source in ("1" * 64, "2" * 64, "1" * 64):
        stock.add(session, row(source))
    pins = [f"x --hash=sha256:{'1' * 64} --hash=sha256:{'2' * 64}"]

    found = stock.find(session, pins)
    stock.add(session, row("2" * 64, base="c"))

    assert found is not None and [it["source"][0] for it in found["wheels"]] == ["2", "1"]
    assert stock.find(session, pins) == row("2" * 64, base="c")


def test_another_recipe_has_a_stock_of_its_own(machine: Machine) -> None:
    """Other build packages may give other wheels."""
    session = machine.session()
    stock.add(session, row(SHA256))
    file = session.config.root / "Dockerfile"
    file.write_text(file.read_text().replace("RUN make", "RUN make otherwise"))

    assert stock.find(session, [PINS]) is None


def test_it_does_not_grow_without_end(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest are kept."""
    monkeypatch.setattr(stock, "KEPT", 2)
    session = machine.session()
    for digit in "123":
        stock.add(session, row(digit * 64))

    pins = [" ".join(f"sha256:{digit * 64}" for digit in "123")]
    found = stock.find(session, pins)

    assert found is not None and [it["source"][0] for it in found["wheels"]] == ["3", "2"]


def test_nothing_is_written_where_all_is_known(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A build whose wheels are all kept asks the registry for nothing."""
    session = machine.session()
    stock.add(session, row(SHA256))
    monkeypatch.setattr(shed, "remember", lambda *_: pytest.fail("It was written again."))

    stock.add(session, row(SHA256))
