"""Which sources of advisories were queried, and whether a release may rely on them. Pure.

A source is foreign if the caller's environment configures it and nothing proves that its data is
that of the official source. A test may rely on it; a release only where a waiver accepts it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from towpath import gates
from towpath.config import waivers as policy
from towpath.gates import Limits

# The gates of the age of data, by the stage that they judge.
AGES = {"security": "ADVISORIES_AGE", "scan": "IMAGE_ADVISORIES_AGE"}
_QUERIED = "was queried because the environment configures it, and no waiver accepts it"
_NOT_RUN = "was excluded from the tests, and no waiver accepts that"
# The facts that a release is refused for, the waiver that accepts each, and the reason. Statements
# of earlier versions say `left_out`.
_REFUSED = (
    (policy.SOURCE, "foreign", _QUERIED),
    (policy.EXCLUDED, "excluded_tests", _NOT_RUN),
    (policy.EXCLUDED, "left_out", _NOT_RUN),
)


@dataclass(frozen=True)
class AdvisorySource:
    """A source that answered: its name, address, and what verifies its data.

    `age_days` is the age of its data; a service on the network has current data.
    """

    name: str
    address: str
    checked: str
    age_days: float
    foreign: bool = False

    def __str__(self) -> str:
        return (
            f"{self.name} ({self.address}; verified by {self.checked}; {self.age_days:g} days "
            "old)"
        )


def facts(queried: Iterable[AdvisorySource]) -> dict[str, Any]:
    """Return the facts about the sources that were queried; without one there is no age."""
    rows = sorted(set(queried), key=lambda row: (row.name, row.address))
    ages = [row.age_days for row in rows]
    return {
        "sources": [asdict(row) for row in rows],
        "foreign": [row.address for row in rows if row.foreign],
    } | ({"age_days": max(ages)} if ages else {})


def waived_ages(
    stage: str, facts: Mapping[str, Any], accepted: Mapping[str, str], limits: Limits
) -> dict[str, str]:
    """Return the gate of the age with the notes of waivers, if every old source is accepted.

    `accepted` maps the addresses of sources to the notes of their waivers.
    """
    if stage not in AGES:
        return {}
    rule = gates.gate(AGES[stage], limits)
    # Statements of earlier versions say `asked`.
    late = list(_late(facts.get("sources", facts.get("asked")), rule.limit))
    if not late or any(address not in accepted for address in late):
        return {}
    return {rule.code: "; ".join(f"{address}: {accepted[address]}" for address in late)}


def _late(rows: object, limit: float) -> Iterator[str]:
    """Yield the address of each source with data older than the limit; the rows are not trusted.

    One without an age that can be compared is as old as can be.
    """
    for row in rows if isinstance(rows, list | tuple) else ():
        known = row if isinstance(row, Mapping) else {}
        age = known.get("age_days")
        if isinstance(age, bool) or not isinstance(age, int | float) or not age <= limit:
            yield str(known.get("address", ""))


def notes(
    waivers: Iterable[policy.Waiver], stage: str, facts: Mapping[str, Any], limits: Limits
) -> dict[str, str]:
    """Return the notes of every waiver that applies to a gate of this stage, by the gate's code."""
    rows = list(waivers)
    ages = waived_ages(stage, facts, policy.accepted_sources(rows), limits)
    return {row.id: row.note for row in rows} | ages


def refusals(stage: str, facts: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each reason why a release may not rely on a stage, and the waiver that accepts it.

    The facts are not trusted.
    """
    for kind, name, reason in _REFUSED if stage != "tests" else ():
        rows = facts.get(name, [])
        for row in rows if isinstance(rows, list) else [f"{rows!r}, which is not a list,"]:
            yield f"{stage}: {row} {reason}", f"{kind}{row}"
