"""What our probes, radon's index, Compose and Django's own checks said, and where they refuse."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from towpath.checks.lint import thresholds
from towpath.checks.lint.readers import django, maintainability
from towpath.checks.lint.readers.maintainability import Module
from towpath.core.errors import NothingToJudgeError
from towpath.core.findings import Finding, ToolResult
from towpath.environments import compose_reader as compose
from towpath.environments import probe_reader as probe

NO_FILE = "No files were passed to it."
SILENT = "No output."
PASSED_OVER = "It was passed 2 files and reported on 1."


def refused(read: Callable[[], object]) -> list[str]:
    """Return what a reader says that refuses."""
    with pytest.raises(NothingToJudgeError) as caught:
        read()
    return caught.value.lines()


def lines(tool: str, why: str) -> list[str]:
    """Return all that is said of a tool that produced no usable result."""
    log = f"next: See its output in reports/logs/{tool}.log."
    return [f"{tool} produced no usable result.", f"why: {why}", log]


def probed(*findings: Any, judged: object = ("a",)) -> str:
    return json.dumps({"judged": judged, "findings": findings})


WRONG = {"path": "a", "line": 2, "code": "X1", "message": "bad", "severity": "high"}


def test_a_probe_names_what_it_found_and_what_it_judged() -> None:
    """A file that it names twice is one."""
    text = probed(WRONG, judged=["a", "a", "b"])

    assert probe.read_probe("requirements-drift", ToolResult(0, text, "", 2)) == [
        Finding("a", 2, "X1", "bad", "high")
    ]
    assert probe.read_probe("requirements-drift", ToolResult(0, probed(), "", 1)) == []


@pytest.mark.parametrize(
    ("ran", "why"),
    [
        (ToolResult(0, probed(), "", 0), NO_FILE),
        (ToolResult(1, probed(), "broken", 1), "It exited with code 1: broken"),
        (ToolResult(0, "", "", 1), SILENT),
        (
            ToolResult(0, '{"judged": []}', "", 1),
            "Unexpected report format: the field 'findings' is missing.",
        ),
        (
            ToolResult(0, probed(judged=1), "", 1),
            "Unexpected report format: a field is invalid ('int' object is not iterable).",
        ),
        (ToolResult(0, probed(), "", 2), PASSED_OVER),
    ],
)
def test_a_probe_without_a_verdict(ran: ToolResult, why: str) -> None:
    """Not run, not able to look, silent, half, or a file passed over; under its own name."""
    assert refused(lambda: probe.read_probe("architecture", ran)) == lines("architecture", why)


def test_the_worst_module_comes_first() -> None:
    """With its index to one digit."""
    text = json.dumps({"a.py": {"mi": 70, "rank": "A"}, "b.py": {"mi": 20.25}})
    found = maintainability.read_maintainability(ToolResult(0, text, "", 2))

    assert found == [Module("b.py", 20.25), Module("a.py", 70.0)]
    assert (str(found[0]), found[0].line) == ("b.py has 20.2", 0)


@pytest.mark.parametrize(
    ("ran", "why"),
    [
        (ToolResult(0, "{}", "", 0), NO_FILE),
        (ToolResult(1, "{}", "broken", 1), "It exited with code 1: broken"),
        (ToolResult(0, "", "", 1), SILENT),
        (ToolResult(0, '{"a.py": {"error": "odd"}}', "", 1), "a.py: {'error': 'odd'}"),
        (ToolResult(0, '{"a.py": {"mi": "x"}}', "", 1), "a.py: {'mi': 'x'}"),
        (ToolResult(0, '{"a.py": {"mi": 1}}', "", 2), PASSED_OVER),
    ],
)
def test_no_index_is_no_verdict(ran: ToolResult, why: str) -> None:
    """Not run, crashed, silent, a file that it could not read, or one passed over."""
    assert refused(lambda: maintainability.read_maintainability(ran)) == lines(
        "maintainability", why
    )


@pytest.mark.parametrize(
    ("ran", "version"),
    [
        (ToolResult(0, "Docker Compose version v2.26.1\n", "", 1), "2.26.1"),
        (ToolResult(0, "2.26.1-4\n", "", 1), "2.26.1-4"),
        (ToolResult(0, "Docker version 26\n", "", 1), ""),
        (ToolResult(1, "2.26.1\n", "", 1), ""),
    ],
)
def test_the_version_of_compose(ran: ToolResult, version: str) -> None:
    """Empty where it is none."""
    assert compose.version(ran) == version


def test_variables_that_have_to_be_set() -> None:
    """A default is enough for others, and two dollars are a dollar."""
    text = "a: ${B:?why} ${A?} ${C:-x} ${D} $${E:?} ${B:?again}"

    assert compose.required(text) == {"A": "1", "B": "1"}


def test_what_compose_says_against_a_file() -> None:
    """Its last line; the whole configuration is a pass."""
    assert compose.config(ToolResult(0, '{"services": {}}', "a warning", 1), "a.yaml") == []
    for code in (1, 15):
        assert compose.config(ToolResult(code, "", "warning\nanother\nodd key\n", 1), "a.yaml") == [
            Finding("a.yaml", 0, "COMPOSE", "odd key")
        ]


@pytest.mark.parametrize(
    "ran", [ToolResult(0, "", "x", 1), ToolResult(-9, "", "killed", 1), ToolResult(1, "", " ", 1)]
)
def test_compose_that_says_neither_yes_nor_no(ran: ToolResult) -> None:
    """It ended well without a configuration, was killed, or gave no reason."""
    why = f"a.yaml: it exited with code {ran.code} and printed nothing."

    assert refused(lambda: compose.config(ran, "a.yaml")) == lines("compose", why)


GOOD = "System check identified no issues (2 silenced).\n"
ISSUES = """\
System check identified some issues:

ERRORS:
shop.Thing.name: (fields.E120) CharFields must have a length.
\tHINT: Give one (any).
WARNINGS:
?: (security.W008) Set it (now).
INFOS:
?: (x.I001) By the way.

System check identified 3 issues (0 silenced).
"""
INFO = "INFOS:\n?: (x.I001) Way.\n\nSystem check identified 1 issue (0 silenced).\n"


def test_djangos_checks_have_their_object_and_code() -> None:
    """What is only said by the way is no finding."""
    assert django.check(ToolResult(1, "", ISSUES, 1), "manage.py") == [
        Finding("manage.py", 0, "fields.E120", "shop.Thing.name: CharFields must have a length."),
        Finding("manage.py", 0, "security.W008", "Set it (now)."),
    ]
    assert django.check(ToolResult(0, GOOD, " ", 1), "manage.py") == []
    assert django.check(ToolResult(0, f"a: (b.c) in no group\n{GOOD}", "", 1), "manage.py") == []
    assert django.check(ToolResult(0, "", INFO, 1), "manage.py") == []


@pytest.mark.parametrize(
    "group", ["CRITICALS", "ERRORS", "WARNINGS"], ids=["critical", "error", "warning"]
)
def test_every_serious_group_counts(group: str) -> None:
    """From a warning on."""
    said = f"{group}:\n?: (a.X1) Bad.\n\nSystem check identified 1 issue (0 silenced).\n"

    assert django.check(ToolResult(1, "", said, 1), "m") == [Finding("m", 0, "a.X1", "Bad.")]


@pytest.mark.parametrize(
    ("ran", "why"),
    [
        (ToolResult(0, GOOD, "", 0), NO_FILE),
        (ToolResult(2, "", "usage", 1), "It exited with code 2: usage"),
        (
            ToolResult(1, "x", "Traceback\nImproperlyConfigured: no key\n", 1),
            "ImproperlyConfigured: no key",
        ),
        (ToolResult(0, "odd\nwords", "", 1), "words"),
        (ToolResult(0, "", "", 1), "No output."),
        (ToolResult(0, GOOD, "words", 1), "words"),
        (ToolResult(1, GOOD, "words", 1), "words"),
        (
            ToolResult(1, "", ISSUES.replace("3 issues", "4 issues"), 1),
            "It counted 4 issues, but listed 3.",
        ),
        (ToolResult(1, "", GOOD, 1), "It exited with code 1 and reported no findings."),
        (ToolResult(0, "", ISSUES, 1), "It exited with code 0 and reported findings."),
    ],
)
def test_djangos_checks_without_a_verdict(ran: ToolResult, why: str) -> None:
    """Not run, not started, silent, sums that do not add up, or not of one mind."""
    assert refused(lambda: django.check(ran, "manage.py")) == lines("django-deploy-check", why)


MISSING = "Migrations for 'shop':\n  shop/migrations/0002_x.py\n    + Add field\n"


def test_missing_migrations_are_named_by_their_file() -> None:
    """No changes is an answer too."""
    assert django.missing_migrations(ToolResult(1, MISSING, "", 1)) == [
        Finding("shop/migrations/0002_x.py", 0, "MIGRATION", "a model change has no migration")
    ]
    assert django.missing_migrations(ToolResult(0, "No changes detected\n", "", 1)) == []


@pytest.mark.parametrize(
    ("ran", "why"),
    [
        (ToolResult(0, "No changes detected", "", 0), NO_FILE),
        (ToolResult(2, "", "usage", 1), "It exited with code 2: usage"),
        (ToolResult(0, MISSING, "", 1), "    + Add field"),
        (ToolResult(1, "No changes detected", "", 1), "No changes detected"),
        (ToolResult(1, "", "Traceback\nNo module named settings", 1), "No module named settings"),
        (ToolResult(0, "", "", 1), "No output."),
    ],
)
def test_migrations_without_a_verdict(ran: ToolResult, why: str) -> None:
    """Not run, not started, silent, or not of one mind."""
    assert refused(lambda: django.missing_migrations(ran)) == lines("migrations", why)


def test_a_threshold_is_found_on_its_line() -> None:
    """One finding a line, with the word."""
    text = "[x]\nfail_under = 1\nok = 1\nmax-complexity = 2\n"
    why = "thresholds belong in towpath/gates.py only"

    assert list(thresholds.find("setup.cfg", text)) == [
        Finding("setup.cfg", 2, "TWP6", f"fail_under: {why}"),
        Finding("setup.cfg", 4, "TWP6", f"max-complexity: {why}"),
    ]


def test_a_required_variable_in_a_path_is_a_path() -> None:
    """Anything else would be the name of a volume, which the file does not define."""
    text = "a: ${STATE:?x}/b:/b\nb: ${REPORTS:?x}:/c:ro\nc: ${PORT:?x}:8080\nd: ${DAYS:?x}d\n"

    assert compose.required(text) == {"DAYS": "1", "PORT": "1", "REPORTS": "/1", "STATE": "/1"}
