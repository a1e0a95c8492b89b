"""The error for a tool without a usable result: its name, the reason, and where its output is.

The name matters: it is that of the log file too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from towpath.checks import benchmark_reader as benchmark
from towpath.checks.lint.readers import bandit, black, flake8, isort, mypy, radon
from towpath.checks.security import pip_audit_reader as pip_audit
from towpath.checks.security import safety_reader as safety
from towpath.checks.security import secrets_reader as secrets
from towpath.checks.tests import coverage_reader as coverage
from towpath.core.errors import NothingToJudgeError
from towpath.core.findings import ToolResult

PINS = [("django", "5.2"), ("celery", "5")]
NO_FILE = "No files were passed to it."
SILENT = "No output."
NO_FINDING = "It exited with code 1 and reported no findings."


def lines(tool: str, why: str) -> list[str]:
    """Return all that is said of a tool that produced no usable result."""
    return [
        f"{tool} produced no usable result.",
        f"why: {why}",
        f"next: See its output in reports/logs/{tool}.log.",
    ]


def refused(read: Callable[[], object]) -> list[str]:
    """Return what a reader says that refuses."""
    with pytest.raises(NothingToJudgeError) as caught:
        read()
    return caught.value.lines()


@pytest.mark.parametrize(
    ("ran", "why"),
    [
        (ToolResult(0, "", "", 0), NO_FILE),
        (
            ToolResult(0, "", "1 file would be left unchanged.", 2),
            "It was passed 2 files and reported on 1.",
        ),
        (
            ToolResult(1, "", "1 file would be reformatted, 1 file would be left unchanged.", 2),
            "Its summary does not match the files that it lists.",
        ),
        (
            ToolResult(1, "", "2 files would be left unchanged.", 2),
            NO_FINDING,
        ),
    ],
)
def test_black(ran: ToolResult, why: str) -> None:
    """Not run, not all, or not of one mind."""
    assert refused(lambda: black.read_black(ran)) == lines("black", why)


GOOD = "SUCCESS: /x/a.py Everything Looks Good!\n"


@pytest.mark.parametrize(
    ("ran", "why"),
    [
        (ToolResult(0, "", "", 0), NO_FILE),
        (ToolResult(0, GOOD, "", 2), "It was passed 2 files and reported on 1."),
        (ToolResult(1, GOOD, "", 1), NO_FINDING),
    ],
)
def test_isort(ran: ToolResult, why: str) -> None:
    """Not run, not all, or not of one mind."""
    assert refused(lambda: isort.read_isort(ran)) == lines("isort", why)


COUNTED = "2          total files processed\n"


@pytest.mark.parametrize(
    ("ran", "why"),
    [
        (ToolResult(0, "", "", 0), NO_FILE),
        (ToolResult(0, "odd\n" + COUNTED, "", 2), "Unexpected line in its output: 'odd'"),
        (
            ToolResult(0, "0.1   seconds elapsed\n", "", 1),
            "It was passed 1 files and reported on 0.",
        ),
        (ToolResult(0, COUNTED, "", 3), "It was passed 3 files and reported on 2."),
        (ToolResult(1, COUNTED, "", 2), NO_FINDING),
    ],
)
def test_flake8(ran: ToolResult, why: str) -> None:
    """Not run, not understood, not all, or not of one mind."""
    assert refused(lambda: flake8.read_flake8(ran)) == lines("flake8", why)


@pytest.mark.parametrize(
    ("ran", "why"),
    [
        (ToolResult(0, "", "", 0), NO_FILE),
        (ToolResult(0, "", "", 2), "Its last line is not a summary: ''"),
        (
            ToolResult(1, "Found 1 error in 2 files (checked 3 source files)", "", 3),
            "It counted 1 errors, but listed 0.",
        ),
        (
            ToolResult(1, "odd\nFound 1 error in 1 file (checked 1 source file)", "", 1),
            "Unexpected line in its output: 'odd'",
        ),
        (
            ToolResult(0, "Success: no issues found in 2 source files", "", 3),
            "It was passed 3 files and reported on 2.",
        ),
        (
            ToolResult(1, "Success: no issues found in 2 source files", "", 2),
            NO_FINDING,
        ),
    ],
)
def test_mypy(ran: ToolResult, why: str) -> None:
    """Not run, stopped, not understood, not all, or not of one mind."""
    assert refused(lambda: mypy.read_mypy(ran)) == lines("mypy", why)


def bandits(**more: Any) -> str:
    """Return a report of bandit about one file."""
    return json.dumps({"errors": [], "metrics": {"_totals": {}, "a.py": {}}, "results": []} | more)


@pytest.mark.parametrize(
    ("ran", "why"),
    [
        (ToolResult(0, "", "", 0), NO_FILE),
        (ToolResult(0, "", "", 1), SILENT),
        (
            ToolResult(0, bandits(errors=[{"filename": "a.py", "reason": "syntax error"}]), "", 1),
            "a.py: syntax error",
        ),
        (ToolResult(0, bandits(), "", 2), "It was passed 2 files and reported on 1."),
        (
            ToolResult(1, bandits(results=[{}]), "", 1),
            "Unexpected report format: the field 'filename' is missing.",
        ),
        (ToolResult(1, bandits(), "", 1), NO_FINDING),
    ],
)
def test_bandit(ran: ToolResult, why: str) -> None:
    """Not run, silent, a file that it could not read, half, not all, or not of one mind."""
    assert refused(lambda: bandit.read_bandit(ran)) == lines("bandit", why)


@pytest.mark.parametrize(
    ("ran", "why"),
    [
        (ToolResult(0, "", "", 0), NO_FILE),
        (ToolResult(1, "{}", "broken", 1), "It exited with code 1: broken"),
        (ToolResult(0, "", "", 1), SILENT),
        (ToolResult(0, '{"a.py": {"error": "invalid syntax"}}', "", 1), "a.py: invalid syntax"),
        (ToolResult(0, '{"a.py": {"odd": 1}}', "", 1), "a.py: {'odd': 1}"),
        (ToolResult(0, '{"a.py": null}', "", 1), "a.py: None"),
        (
            ToolResult(0, '{"a.py": [{"type": "function"}]}', "", 1),
            "a.py: the field 'lineno' is missing.",
        ),
        (ToolResult(0, '{"a.py": []}', "", 1), "It found no functions."),
    ],
)
def test_radon(ran: ToolResult, why: str) -> None:
    """Not run, crashed, silent, a file that it could not read, half, or nothing."""
    assert refused(lambda: radon.read_radon(ran)) == lines("radon", why)


def covered(*, percent: object = 50, statements: int = 2, branches: bool = True) -> str:
    """Return a report of coverage."""
    totals = {"percent_covered": percent, "num_statements": statements, "covered_lines": 1}
    return json.dumps({"meta": {"branch_coverage": branches}, "totals": totals})


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", SILENT),
        ("{}", "Unexpected report format: the field 'meta' is missing."),
        (covered(statements=0), "It measured no statements."),
        (covered(branches=False), "It did not measure branches."),
        (covered(percent=100.5), "100.5 is not a valid percentage."),
        (covered(percent=-0.5), "-0.5 is not a valid percentage."),
    ],
)
def test_coverage(text: str, why: str) -> None:
    """Silent, half, nothing measured, or no percentage."""
    assert refused(lambda: coverage.read_coverage(text)) == lines("coverage", why)


def path(name: str, measure: str = "one") -> dict[str, Any]:
    """Return a path as pytest-benchmark reports it."""
    info = {"reference": 1.0, "measure": measure}
    return {"name": name, "stats": {"min": 2.0}, "extra_info": info}


TWICE = "The report has two paths with the same name, or more than one reference."


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ({}, "The report has no measurement."),
        ({"benchmarks": []}, "The report has no measurement."),
        ({"benchmarks": {"ingest": 1}}, "The report has no measurement."),
        ({"benchmarks": [{}]}, "Unexpected report format: the field 'name' is missing."),
        ({"benchmarks": [path("a"), path("a")]}, TWICE),
        ({"benchmarks": [path("a"), path("b", "two")]}, TWICE),
    ],
)
def test_pytest_benchmark(document: Mapping[str, Any], why: str) -> None:
    """Nothing measured, half, or not comparable."""
    assert refused(lambda: benchmark.read_benchmark(json.dumps(document))) == lines(
        "pytest-benchmark", why
    )


def test_the_baseline_is_named_where_it_is_no_json() -> None:
    """Reading it, and before it is renewed."""
    measured = benchmark.Benchmarks({"a": 1.0}, "one")
    wanted = lines("the baseline", "Its output is a JSON list, not an object.")

    assert refused(lambda: benchmark.slowdowns(measured, "[]", "3.12")) == wanted
    assert refused(lambda: benchmark.renewed(measured, "[]", "3.12")) == wanted


@pytest.mark.parametrize(
    ("kept", "why"),
    [
        (
            {"measure": "two", "pythons": {"3.12": {"a": 1}}},
            "It was measured against another reference.",
        ),
        ({"measure": "one", "pythons": {}}, "It has no entry for Python 3.12."),
        (
            {"measure": "one", "pythons": {"3.12": {"b": 1}}},
            "These paths are only in the baseline or only in the measurement: a, b.",
        ),
    ],
)
def test_a_stale_baseline(kept: Mapping[str, Any], why: str) -> None:
    """It has to be renewed, and the command for that is named."""
    measured = benchmark.Benchmarks({"a": 1.0}, "one")

    assert refused(lambda: benchmark.slowdowns(measured, json.dumps(kept), "3.12")) == [
        "The baseline of the performance tests cannot be compared.",
        f"why: {why}",
        "next: Update the baseline and have it reviewed: nox -s performance -- --renew",
    ]


def audited(*rows: Mapping[str, Any]) -> str:
    return json.dumps({"dependencies": list(rows)})


DJANGO = {"name": "django", "version": "5.2", "vulns": []}
CELERY = {"name": "celery", "version": "5", "vulns": []}
SKIPPED = [{"name": name, "skip_reason": f"no {name}"} for name in ("django", "celery")]


@pytest.mark.parametrize(
    ("ran", "why"),
    [
        (ToolResult(0, "", "", 0), NO_FILE),
        (ToolResult(0, "", "", 1), SILENT),
        (
            ToolResult(0, "{}", "", 1),
            "Unexpected report format: the field 'dependencies' is missing.",
        ),
        (ToolResult(0, audited(DJANGO), "", 1), "It did not check 1 of 2 pins: celery==5"),
        (
            ToolResult(0, audited(*SKIPPED), "", 1),
            "It did not check 2 of 2 pins: django==5.2, celery==5. no django",
        ),
        (
            ToolResult(1, audited(DJANGO, CELERY), "", 1),
            NO_FINDING,
        ),
    ],
)
def test_pip_audit(ran: ToolResult, why: str) -> None:
    """Not run, silent, half, a pin that was not looked at, or not of one mind."""
    assert refused(lambda: pip_audit.read_pip_audit(ran, PINS)) == lines("pip-audit", why)


def scanned(*rows: Mapping[str, Any], **more: Any) -> str:
    """Return a report of safety about these packages."""
    document = {"scanned_packages": {row["name"]: row for row in rows}, "vulnerabilities": []}
    return json.dumps(document | {"ignored_vulnerabilities": []} | more)


@pytest.mark.parametrize(
    ("ran", "why"),
    [
        (ToolResult(0, "", "", 0), NO_FILE),
        (ToolResult(1, "", "no network", 1), "It exited with code 1: no network"),
        (ToolResult(0, "", "", 1), SILENT),
        (
            ToolResult(0, "{}", "", 1),
            "Unexpected report format: the field 'scanned_packages' is missing.",
        ),
        (ToolResult(0, scanned(DJANGO), "", 1), "It did not check 1 of 2 pins: celery==5"),
        (
            ToolResult(64, scanned(DJANGO, CELERY), "", 1),
            "It exited with code 64 and reported no advisory.",
        ),
    ],
)
def test_safety(ran: ToolResult, why: str) -> None:
    """Not run, not asked, silent, half, a pin that was not looked at, or not of one mind."""
    assert refused(lambda: safety.read_safety(ran, PINS)) == lines("safety", why)


LOOKED = "[scan]\tINFO\tChecking file: a.py\n"


@pytest.mark.parametrize(
    ("ran", "why"),
    [
        (ToolResult(0, "", "", 0), NO_FILE),
        (ToolResult(0, "", LOOKED, 2), "It was passed 2 files and reported on 1."),
        (ToolResult(1, " ", LOOKED, 1), SILENT),
        (
            ToolResult(1, "{}", LOOKED, 1),
            "Unexpected report format: the field 'plugins_used' is missing.",
        ),
        (ToolResult(1, '{"plugins_used": []}', LOOKED, 1), "It had no detectors enabled."),
        (
            ToolResult(1, '{"plugins_used": [1], "results": {}}', LOOKED, 1),
            NO_FINDING,
        ),
    ],
)
def test_detect_secrets(ran: ToolResult, why: str) -> None:
    """Not run, not all, silent, half, without a detector, or not of one mind."""
    assert refused(lambda: secrets.read_secrets(ran, {})) == lines("detect-secrets", why)
