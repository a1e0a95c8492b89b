"""What a project may say of the policy: exceptions that are known and in force, stricter limits."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from towpath import gates
from towpath.config import parse
from towpath.config import waivers as policy
from towpath.config.waivers import Waiver
from towpath.core.errors import ConfigurationError
from towpath.deployment.migrations.rules import CODES

TODAY = dt.date(2026, 11, 24)


def waiver(name: str, expires: dt.date = TODAY) -> Waiver:
    """Return a waiver."""
    return Waiver(name, "known", expires)


ADVISORIES = (
    "CVE-2026-12345",
    "CVE-2026-1234567",
    "GHSA-jfh8-c2jp-5v3q",
    "PYSEC-2026-1",
    "OSV-2026-12",
    "PVE-2026-38447",
    "MAL-2026-1",
    "SAFETY-51457",
    "DSA-5801-1",
    "DLA-3482-1",
    "DEBIAN-SECURITY",
)


@pytest.mark.parametrize(
    "name", [*ADVISORIES, "COVERAGE", "DROP_COLUMN", "DROP_COLUMN:releases.0002_more"]
)
def test_a_waiver_of_what_is_asked_about_is_taken(name: str) -> None:
    """A gate, an advisory of every known family, a hazard everywhere or of one migration."""
    policy.require_known([waiver("LINT"), waiver(name)], CODES)

    assert policy.is_advisory(name) is (name in ADVISORIES)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("COVERAG", "Did you mean 'COVERAGE'?"),
        ("coverage", "Did you mean 'COVERAGE'?"),
        ("DROP_COLUM:app.0001_initial", "Did you mean 'DROP_COLUMN'?"),
        ("DROP_COLUMN:0001_initial", ""),
        ("COVERAGE:app.0001_initial", ""),
        ("CVE-26-1", ""),
        ("cve-2026-12345", ""),
        ("CVE-2026-12345 ", ""),
        ("GHSA-1234", ""),
        ("51457", ""),
        ("x", ""),
    ],
)
def test_a_waiver_of_nothing_is_refused(name: str, hint: str) -> None:
    """It would excuse nothing, and nobody would notice; the nearest code is named."""
    with pytest.raises(ConfigurationError) as caught:
        policy.require_known([waiver("LINT"), waiver(name)], CODES)

    assert repr(name) in caught.value.what
    assert hint in caught.value.what
    assert "CVE-" in caught.value.why


def test_a_waiver_holds_through_its_last_day() -> None:
    """And not a day longer."""
    policy.require_in_force([waiver("LINT", TODAY)], TODAY)

    with pytest.raises(ConfigurationError) as caught:
        policy.require_in_force([waiver("LINT", TODAY - dt.timedelta(days=1))], TODAY)

    assert caught.value.what == "The waiver of LINT expired on 2026-11-23."
    assert "known" in caught.value.why


@pytest.mark.parametrize(
    ("code", "limit"),
    [("COVERAGE", 80), ("COVERAGE", 90.5), ("COMPLEXITY", 10), ("COMPLEXITY", 8), ("LINT", 0)],
)
def test_a_limit_that_is_at_least_as_strict_is_taken(code: str, limit: float) -> None:
    """Upwards where more is better, downwards where less is."""
    found = parse({"gates": {code: limit}}, Path("/project"), {}, TODAY)

    assert gates.gate(code, found.gates).limit == limit


@pytest.mark.parametrize(
    ("code", "limit", "words"),
    [
        ("COVERAGE", 79.9, "gates.COVERAGE in pyproject.toml is 79.9, which is less strict than"),
        ("COMPLEXITY", 11, "gates.COMPLEXITY in pyproject.toml is 11, which is less strict than"),
        ("TESTS_RUN", -1, "gates.TESTS_RUN"),
        ("COVERAG", 90, "is not a gate. Did you mean 'COVERAGE'?"),
        ("coverage", 90, "is not a gate. Did you mean 'COVERAGE'?"),
    ],
)
def test_a_limit_that_lets_more_pass_or_is_of_no_gate_is_refused(
    code: str, limit: float, words: str
) -> None:
    """The table is the least that is asked."""
    with pytest.raises(ConfigurationError) as caught:
        policy.require_strict({"LINT": 0, code: limit}, "gates")

    assert words in caught.value.what


def test_only_waivers_of_advisories_excuse_advisories() -> None:
    """By their ids, with reason and last day."""
    notes = policy.advisory_notes([waiver("LINT"), waiver("CVE-2026-12345")])

    assert notes == {"CVE-2026-12345": "known (until 2026-11-24)"}


def test_a_waiver_that_excuses_nothing_is_told_by_its_id() -> None:
    """So that it can be taken out."""
    assert "CVE-2026-12345" in policy.unused_warning("CVE-2026-12345")
