"""Every forgery is refused with its own reasons, and by no traceback."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.forgeries import (
    DIGEST,
    FORGERIES,
    NOW,
    OTHER,
    SHA,
    Held,
    both,
    change,
    facts,
    resting,
)
from tests.registry_server import NAME, Store
from tests.releases import SOURCE, record_all, workspace_at
from towpath.evidence import record as stages
from towpath.evidence.statement import Statement
from towpath.evidence.validity import JudgingRules
from towpath.gates import Status
from towpath.promotion.availability import (
    NEEDED,
    PromotionCandidate,
    PromotionContext,
    is_available,
)

PLATFORMS = ("linux/amd64", "linux/arm64")


@pytest.fixture
def held(tmp_path: Path) -> Held:
    """Return the statements of a release that nothing stands against."""
    return record_all(workspace_at(tmp_path, Store(port=1)), DIGEST, *NEEDED["release"])


@pytest.fixture
def rules(tmp_path: Path) -> JudgingRules:
    return replace(stages.rules(workspace_at(tmp_path, Store(port=1)).config), now=NOW)


RELEASE = PromotionCandidate(
    repository=NAME,
    digest=DIGEST,
    version="1.2.3",
    commit=SOURCE.commit,
    tree=SOURCE.tree,
    dirty=False,
    platforms=PLATFORMS,
)


def reasons(
    rows: list[Statement],
    rules: JudgingRules,
    release: PromotionCandidate = RELEASE,
    stage: str = "release",
) -> tuple[str, ...]:
    """Return what stands against a release with this evidence."""
    situation = PromotionContext(rules, PLATFORMS, previous=DIGEST, in_ci=True)
    return is_available(release.with_evidence(rows), stage, situation).reasons


def test_the_evidence_without_a_lie_is_believed(held: Held, rules: JudgingRules) -> None:
    """So that each row below is refused for its lie alone."""
    assert reasons([*held.values()], rules) == ()
    assert reasons(resting()(held), rules) == ()


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forgery_is_refused_for_what_it_is(held: Held, rules: JudgingRules, name: str) -> None:
    """Every reason is there, and no other."""
    forgery, wanted = FORGERIES[name]
    if not wanted:
        (earlier,) = (
            row for row in resting()(held) if row.subject.digest.get("gitCommit") == "1" * 40
        )
        wanted = (f"lint: reuses the statement {earlier.sha256}, which is missing",)

    assert reasons(forgery(held), rules) == wanted


@pytest.mark.parametrize(
    ("changed", "wanted"),
    [
        ({"dirty": True}, "1.2.3 was built from uncommitted changes"),
        ({"platforms": ("linux/amd64",)}, "build: the image lacks the platform linux/arm64"),
        (
            {"platforms": (*PLATFORMS, "linux/s390x")},
            "build: the image has the platform linux/s390x, which the project does not list",
        ),
        (
            {"platforms": ("linux/amd64/v3", "linux/arm64")},
            "build: the image lacks the platform linux/amd64",
        ),
        ({"digest": OTHER}, f"the tag test points to {DIGEST}, not to this digest"),
    ],
    ids=["dirty", "a platform missing", "one too many", "an unknown variant", "another image"],
)
def test_an_image_that_is_not_what_it_must_be_is_refused(
    held: Held, rules: JudgingRules, changed: dict[str, Any], wanted: str
) -> None:
    """Whatever its evidence says."""
    release = replace(RELEASE, **changed)

    assert wanted in reasons([*held.values()], rules, release)


def test_a_waiver_of_this_side_is_heeded_until_its_day(held: Held, rules: JudgingRules) -> None:
    """The waiver of another gate, and one that has expired, excuse nothing."""
    said = "issues is 5; required: LINT <= 0; waived: known (until 2999-01-01)"
    rows = both("lint", "LINT", "issues", 5, reason=said)(held)
    note = "known (until 2999-01-01)"

    assert reasons(rows, replace(rules, waived={"LINT": note})) == ()
    for other in ({"COMPLEXITY": note}, {}):
        assert reasons(rows, replace(rules, waived=other)) == (
            "lint: LINT failed: issues is 5; required: LINT <= 0; no"
            " waiver for it is in force here",
        )


def test_an_excused_advisory_is_heeded_as_it_is_written(held: Held, rules: JudgingRules) -> None:
    """Its note is the one of a waiver in force here."""
    rows = facts("scan", waived=["CVE-2026-2: y; waived: looked at (until 2999-01-01)"])(held)
    known = replace(rules, excused=frozenset({"looked at (until 2999-01-01)"}))

    assert reasons(rows, known) == ()
    assert reasons(rows, rules) != ()


def test_a_limit_of_this_side_judges(held: Held, rules: JudgingRules) -> None:
    """Not the one that the statement met."""
    assert reasons([*held.values()], replace(rules, limits={"COVERAGE": 90})) == (
        "tests: COVERAGE was evaluated against >= 80, not against COVERAGE >= 90 %",
        "tests: COVERAGE failed: coverage is 80 %; required: COVERAGE >= 90 %;"
        " but the statement records it as passed",
    )


def test_how_old_a_scan_may_be_is_a_setting(held: Held, rules: JudgingRules) -> None:
    """A day more is too much, and where age does not matter nothing is."""
    rows = change("scan", started=stages.stamp(NOW - dt.timedelta(days=2)))(held)

    assert reasons(rows, replace(rules, days=2)) == ()
    assert reasons(rows, replace(rules, days=1)) == (
        "scan: is 2 days old; the limit is 1 days (evidence-days)",
    )
    assert reasons(rows, replace(rules, days=None)) == ()


def test_clocks_may_differ_a_little(held: Held, rules: JudgingRules) -> None:
    """Five minutes are no forgery."""
    ahead = stages.stamp(NOW + dt.timedelta(minutes=4, seconds=59))

    assert reasons(change("tests", started=ahead)(held), rules) == ()


def test_an_answer_that_is_no_number_is_not_an_answer_that_is_missing(
    held: Held, rules: JudgingRules
) -> None:
    """Only a source that was not reached lets a test start."""
    rows = both("scan", "IMAGE_HIGH", "high", "0", status="errored")(held)
    rows = [replace(row, status=Status.ERRORED) if row.stage == "scan" else row for row in rows]

    assert "scan: IMAGE_HIGH errored: high: '0' is not a number" in reasons(
        rows, rules, stage="test"
    )


def test_a_running_release_was_promoted(held: Held, rules: JudgingRules) -> None:
    """A promotion to another tag, or one that rests on other statements, is not its promotion."""
    judged = {name: row.sha256 for name, row in held.items()}
    promoted = replace(
        held["verify"],
        stage="promote-release",
        verdicts=(),
        facts={"digest": DIGEST, "tag": "release", "judged": judged},
    )
    situation = PromotionContext(rules, PLATFORMS, deploying=True)

    def against(**fields: Any) -> tuple[str, ...]:
        statement = replace(promoted, **fields)
        rows = RELEASE.with_evidence([*held.values(), statement])
        return is_available(rows, "release", situation).reasons

    name = "promote-release"
    known = dict(promoted.facts)
    assert against() == ()
    assert against(facts=known | {"tag": "test"}) == (
        f"{name}: promoted the image to test, not to release",
    )
    assert against(facts=known | {"judged": judged | {"scan": SHA}}) == (
        f"{name}: relies on a statement of scan that is missing",
    )
    assert against(facts=known | {"judged": 3})[0] == (
        f"{name}: relies on a statement of lint that is missing"
    )
    assert against(facts=known | {"digest": OTHER})[0] == (
        f"{name}: its facts are about {OTHER}, not about this digest"
    )
    assert against(status=Status.FAILED, reason="no") == (f"{name}: {name} failed: no",)
