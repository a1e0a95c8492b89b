"""Advisories as safety and pip-audit report them: a source that was not asked is never clean."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import pytest

from towpath.checks.security import advisories_reader as advisories
from towpath.checks.security import pip_audit_reader as pip_audit
from towpath.checks.security import safety_reader as safety
from towpath.checks.security.advisories_reader import Advisory
from towpath.core.errors import ConfigurationError, NothingToJudgeError
from towpath.core.findings import ToolResult
from towpath.source import requirements_reader as requirements

PINS = [("Django", "5.2.1"), ("typing_extensions", "4.0")]
SCANNED = {
    "django": {"name": "django", "version": "5.2.1"},
    "typing-extensions": {"name": "typing-extensions", "version": "4.0"},
}
WEAKNESS = {
    "vulnerability_id": "1",
    "CVE": "CVE-1",
    "package_name": "django",
    "analyzed_version": "5.2.1",
    "severity": None,
    "advisory": "Is\n weak.",
}
Reader = Callable[[ToolResult, Sequence[tuple[str, str]]], list[Advisory]]


def safety_report(*rows: Any, ignored: Sequence[Any] = (), scanned: Any = None) -> str:
    """Return a report of safety."""
    return json.dumps(
        {
            "scanned_packages": SCANNED if scanned is None else scanned,
            "vulnerabilities": list(rows),
            "ignored_vulnerabilities": list(ignored),
        }
    )


def audit_report(*vulns: Any, skip: str = "") -> str:
    """Return a report of pip-audit; with `skip` the second package was skipped."""
    second = {"name": "typing-extensions"}
    second |= {"skip_reason": skip} if skip else {"version": "4.0", "vulns": []}
    rows = [{"name": "django", "version": "5.2.1", "vulns": list(vulns)}, second]
    return json.dumps({"dependencies": rows, "fixes": []})


def test_safety_without_a_finding_is_clean() -> None:
    """Every pin was looked at, and nothing is known of it."""
    assert safety.read_safety(ToolResult(0, safety_report(), "", 2), PINS) == []


@pytest.mark.parametrize(
    ("rated", "severity"),
    [
        (None, "high"),
        ({}, "high"),
        ("CRITICAL", "critical"),
        ({"cvssv3": {"base_severity": "CRITICAL"}}, "critical"),
        ({"cvssv3": None, "cvssv2": {"base_severity": "MODERATE"}}, "medium"),
        ({"cvssv3": {"base_severity": "LOW"}, "cvssv2": {"base_severity": "HIGH"}}, "low"),
        ({"cvssv3": {"base_severity": "NONE"}}, "high"),
    ],
)
def test_safety_names_the_advisory_and_its_severity(rated: object, severity: str) -> None:
    """What is not rated counts as high."""
    (found,) = safety.read_safety(
        ToolResult(64, safety_report({**WEAKNESS, "severity": rated}), "", 2), PINS
    )

    assert found == Advisory("CVE-1", "django", "5.2.1", severity, "Is weak.", ("SAFETY-1",))
    assert str(found) == f"CVE-1: django 5.2.1 ({severity}) Is weak."


def test_what_safety_was_told_to_ignore_counts() -> None:
    """A policy file of safety is no waiver of ours; without a CVE the id names it."""
    text = safety_report(ignored=[{**WEAKNESS, "CVE": None}])

    assert safety.read_safety(ToolResult(0, text, "", 2), PINS) == [
        Advisory("SAFETY-1", "django", "5.2.1", "high", "Is weak.")
    ]


def test_pip_audit_without_a_finding_is_clean() -> None:
    """Every pin was looked at, and nothing is known of it."""
    assert pip_audit.read_pip_audit(ToolResult(0, audit_report(), "", 2), PINS) == []


@pytest.mark.parametrize(
    ("aliases", "name", "others"),
    [(["X-1", "CVE-2"], "CVE-2", ("PYSEC-1", "X-1")), ([], "PYSEC-1", ())],
)
def test_pip_audit_rates_nothing_so_all_is_high(
    aliases: list[str], name: str, others: tuple[str, ...]
) -> None:
    """The CVE names it where there is one; the other ids are kept."""
    weakness = {"id": "PYSEC-1", "aliases": aliases, "description": "Is weak."}

    assert pip_audit.read_pip_audit(ToolResult(1, audit_report(weakness), "", 2), PINS) == [
        Advisory(name, "django", "5.2.1", "high", "Is weak.", others)
    ]


READERS: list[Reader] = [safety.read_safety, pip_audit.read_pip_audit]


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(
    "ended",
    [
        ToolResult(68, "", "Check your network connection, unable to reach the server.", 2),
        ToolResult(1, "", "No module named safety", 2),
        ToolResult(-9, "", "", 2),
        ToolResult(0, "", "No known vulnerabilities found", 2),
        ToolResult(0, "{}", "", 2),
        ToolResult(0, "[]", "", 2),
        ToolResult(0, '{"dependencies": [', "", 2),
        ToolResult(0, '{"dependencies": null, "scanned_packages": null}', "", 2),
        ToolResult(0, '{"dependencies": [], "scanned_packages": {}}', "", 2),
    ],
)
def test_a_source_that_could_not_be_asked_gives_no_verdict(read: Reader, ended: ToolResult) -> None:
    """Unreachable, missing, crashed, silent, half done, or with nothing looked at."""
    with pytest.raises(NothingToJudgeError):
        read(ended, PINS)


def test_pip_audit_that_skipped_a_pin_gives_no_verdict() -> None:
    """It ends with 0 and says that nothing is known; that is not asking."""
    with pytest.raises(NothingToJudgeError) as caught:
        pip_audit.read_pip_audit(
            ToolResult(0, audit_report(skip="not found on the index"), "", 2), PINS
        )

    assert caught.value.why == (
        "It did not check 1 of 2 pins: typing_extensions==4.0. not found on the index"
    )


@pytest.mark.parametrize(
    ("read", "ended"),
    [
        (safety.read_safety, ToolResult(64, safety_report(), "", 2)),
        (pip_audit.read_pip_audit, ToolResult(1, audit_report(), "", 2)),
        (
            safety.read_safety,
            ToolResult(0, safety_report(scanned={"django": SCANNED["django"]}), "", 2),
        ),
    ],
)
def test_a_source_that_contradicts_itself_gives_no_verdict(read: Reader, ended: ToolResult) -> None:
    """A finding announced and not named, or a pin not looked at."""
    with pytest.raises(NothingToJudgeError):
        read(ended, PINS)


def test_many_missed_pins_are_told_in_short() -> None:
    """The first three are enough to see what is wrong."""
    pins = [(name, "1") for name in "abcde"]

    assert advisories.unchecked(pins, []) == ("It did not check 5 of 5 pins: a==1, b==1, c==1, ...")
    assert advisories.unchecked(pins[:4], []).endswith(" 4 of 4 pins: a==1, b==1, c==1, ...")
    assert advisories.unchecked(pins[:3], []).endswith(" 3 of 3 pins: a==1, b==1, c==1")
    assert advisories.unchecked(pins, pins) == ""


def test_severities_are_counted_with_their_zeros() -> None:
    """The report wants all four."""
    rows = [Advisory("1", "a", "1", "high", ""), Advisory("2", "a", "1", "high", "")]

    assert advisories.by_severity(rows) == {"critical": 0, "high": 2, "medium": 0, "low": 0}


def test_pins_are_read_with_extras_and_markers() -> None:
    """Hashes, comments and markers are not part of a pin; other platforms count too."""
    text = (
        "# made by a tool\n"
        "a-b==1.0 \\\n    --hash=sha256:00\n    # via x\n"
        "psycopg[binary]==3.2 ; implementation_name != 'pypy' \\\n    --hash=sha256:00\n"
        "tzdata==2026.6 ; sys_platform == 'win32'\n"
    )

    assert requirements.read_requirements(text, "p.txt") == [
        ("a-b", "1.0"),
        ("psycopg", "3.2"),
        ("tzdata", "2026.6"),
    ]


@pytest.mark.parametrize("text", ["", "# nothing\n", "django>=5\n", "-r other.txt\n"])
def test_a_file_that_is_not_all_pins_is_refused(text: str) -> None:
    """What is not pinned would be a guess."""
    with pytest.raises(ConfigurationError) as caught:
        requirements.read_requirements(text, "p.txt")

    assert "p.txt" in caught.value.what


@pytest.mark.parametrize("name", ["CVE-1", "SAFETY-1"])
def test_a_waiver_may_use_any_id_of_an_advisory(name: str) -> None:
    """Sources name one weakness differently."""
    row = Advisory("CVE-1", "a", "1", "high", "", ("SAFETY-1",))

    assert row.waived({name: "known", "LINT": "x"}) == "known"
    assert row.waived({"CVE-2": "known"}) == ""


def test_names_that_no_advisory_has_are_unused() -> None:
    """Whether as its id or as an alias."""
    rows = [Advisory("CVE-1", "a", "1", "high", "", ("SAFETY-1",))]

    assert advisories.unused(["CVE-1", "SAFETY-1", "CVE-2"], rows) == ["CVE-2"]


def test_an_advisory_survives_its_way_through_a_record() -> None:
    """Plain values and back."""
    row = Advisory("CVE-1", "a", "1", "high", "weak", ("SAFETY-1",))

    assert Advisory.from_json(json.loads(json.dumps(asdict(row)))) == row
