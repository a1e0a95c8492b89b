"""What the linters of other files say, and Django, beyond the truth table."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from towpath.checks.lint.readers import actionlint, checkstyle, django, maintainability, zizmor
from towpath.checks.lint.readers.maintainability import Module
from towpath.core.errors import NothingToJudgeError
from towpath.core.findings import Exclusion, Finding, ToolResult
from towpath.environments import compose_reader as compose
from towpath.environments import probe_reader as probe

SAID = Path(__file__).parents[4] / "fixtures/said"


def bad(tool: str, **changes: Any) -> ToolResult:
    """Return what a tool really said of its planted fault, with some of it changed."""
    return ToolResult(**{**json.loads((SAID / f"{tool}.json").read_text())["bad"], **changes})


def test_each_finding_has_its_file_line_and_code() -> None:
    """As the tools write them; zizmor counts lines from 0."""
    found = [
        checkstyle.hadolint(bad("hadolint"))[0],
        checkstyle.shellcheck(bad("shellcheck"))[0],
        actionlint.read_actionlint(bad("actionlint"))[0],
        zizmor.read_zizmor(bad("zizmor"))[1],
    ]

    workflow = ".github/workflows/check.yml"
    assert [(row.path, row.line, row.code) for row in found] == [
        ("Dockerfile", 1, "DL3006"),
        ("run", 2, "SC2045"),
        (workflow, 11, "runner-label"),
        (workflow, 16, "template-injection"),
    ]
    assert found[3].severity == "high"


def test_what_hadolint_cannot_parse_is_a_finding_by_its_usual_code() -> None:
    """In this format it has none."""
    text = '<checkstyle><file name="D"><error line="3" message="unexpected"/></file></checkstyle>'

    assert checkstyle.hadolint(ToolResult(1, text, "", 1)) == [
        Finding("D", 3, "DL1000", "unexpected")
    ]


@pytest.mark.parametrize(
    "text",
    [
        "<html></html>",
        "<checkstyle/>",
        "<checkstyle><file/></checkstyle>",
        '<checkstyle><file name="D"><error line="x" message=""/></file></checkstyle>',
        '<checkstyle><file name="D"><error line="1"/></file></checkstyle>',
    ],
)
def test_another_document_is_no_verdict(text: str) -> None:
    """However well it is formed."""
    with pytest.raises(NothingToJudgeError, match="hadolint produced no usable result"):
        checkstyle.hadolint(ToolResult(1, text, "", 1))


def test_what_a_comment_accepts_is_no_finding_of_zizmor() -> None:
    """It ends with 0, and what was accepted is named as left out."""
    ran = bad("zizmor")
    text = ran.stdout.replace('"ignored": false', '"ignored": true')

    found = zizmor.read_zizmor(bad("zizmor", stdout=text, code=0))
    assert found and all(isinstance(row, Exclusion) for row in found)
    with pytest.raises(NothingToJudgeError):
        zizmor.read_zizmor(bad("zizmor", stdout=text))


def test_actionlint_without_shellcheck_is_no_verdict() -> None:
    """It would pass over every script, and say so only in its log."""
    blind = 'verbose: Rule "shellcheck" was disabled: executable file not found in $PATH\n'
    ran = bad("actionlint")

    with pytest.raises(NothingToJudgeError) as caught:
        actionlint.read_actionlint(bad("actionlint", stderr=ran.stderr + blind))

    assert "It did not read the scripts: executable file not found" in caught.value.why


def test_modules_are_told_the_worst_first() -> None:
    """With one digit."""
    found = maintainability.read_maintainability(bad("maintainability"))

    assert found[0] == Module("shop/prices.py", 0.0)
    assert str(found[0]) == "shop/prices.py has 0.0"


CHECKED = """SystemCheckError: System check identified some issues:

ERRORS:
a.Thing.name: (fields.E120) CharFields must define a 'max_length' attribute.

WARNINGS:
?: (security.W008) Not set.
\tHINT: Set it.

INFOS:
?: (x.I001) For information.

System check identified 3 issues (1 silenced).
"""


def test_django_is_read_by_level() -> None:
    """Errors and warnings count; what is there for information does not."""
    found = django.check(ToolResult(1, "", CHECKED, 1), "manage.py")

    assert [(row.path, row.code, row.message) for row in found] == [
        (
            "manage.py",
            "fields.E120",
            "a.Thing.name: CharFields must define a 'max_length' attribute.",
        ),
        ("manage.py", "security.W008", "Not set."),
    ]


def test_information_alone_passes() -> None:
    """Django ends with 0, and tells it on standard error."""
    text = (
        "System check identified some issues:\n\nINFOS:\n?: (x.I001) So.\n\n"
        "System check identified 1 issue (0 silenced).\n"
    )

    assert django.check(ToolResult(0, "", text, 1), "manage.py") == []


@pytest.mark.parametrize(
    ("read", "ran"),
    [
        (
            lambda ran: django.check(ran, "m"),
            ToolResult(1, "", CHECKED.replace("3 issues", "4 issues"), 1),
        ),
        (lambda ran: django.check(ran, "m"), ToolResult(0, "", CHECKED, 1)),
        (lambda ran: django.check(ran, "m"), ToolResult(1, "", "SECRET_KEY: is required", 1)),
        (lambda ran: django.check(ran, "m"), ToolResult(1, "", "", 1)),
        (django.missing_migrations, ToolResult(1, "No changes detected\n", "", 1)),
        (django.missing_migrations, ToolResult(0, "", "", 1)),
        (django.missing_migrations, ToolResult(1, "Migrations for 'a':\n", "", 1)),
        (django.missing_migrations, ToolResult(1, "", "ImportError: no", 1)),
        (lambda ran: compose.config(ran, "x"), ToolResult(1, "", "", 1)),
        (lambda ran: compose.config(ran, "x"), ToolResult(-15, "", "killed", 1)),
        (lambda ran: compose.config(ran, "x"), ToolResult(0, "{}", "", 1)),
        (
            lambda ran: probe.read_probe("requirements-drift", ran),
            ToolResult(0, '{"judged": ["a"]}', "", 1),
        ),
        (
            lambda ran: probe.read_probe("requirements-drift", ran),
            ToolResult(0, '{"judged": [], "findings": []}', "", 1),
        ),
        (
            lambda ran: probe.read_probe("requirements-drift", ran),
            ToolResult(0, '{"judged": ["a"], "findings": [{"x": 1}]}', "", 1),
        ),
    ],
)
def test_what_contradicts_itself_or_stops_early_is_no_verdict(
    read: Callable[[ToolResult], Sequence[Finding]], ran: ToolResult
) -> None:
    """A number and the rows below it, an exit code and what stands before it."""
    with pytest.raises(NothingToJudgeError):
        read(ran)


def test_the_variables_that_a_compose_file_requires_are_those_with_a_question_mark() -> None:
    """Not those with a default, nor what is no variable."""
    text = "${B:?x} ${A?} ${C:-x} ${D} $${E:?x} ${B:?again}"

    assert compose.required(text) == {"A": "1", "B": "1"}
