"""Whether a release may move: each rule with a release that breaks it, and one that does not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.registry_server import NAME, Store
from tests.releases import SOURCE, record, record_all, workspace_at
from towpath.config.workspace import Workspace
from towpath.core.subject import Subject
from towpath.evidence import record as stages
from towpath.evidence.reused_statement import reuse_statement
from towpath.evidence.statement import Statement
from towpath.gates import Status
from towpath.promotion.availability import (
    NEEDED,
    PromotionCandidate,
    PromotionContext,
    PromotionDecision,
    is_available,
    latest,
    unevaluated_gates,
)

DIGEST = f"sha256:{'d' * 64}"
PLATFORMS = ("linux/amd64", "linux/arm64")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return workspace_at(tmp_path, Store(port=1))


@pytest.fixture
def release(workspace: Workspace) -> PromotionCandidate:
    """Return a release that may become one."""
    return PromotionCandidate(
        repository=NAME,
        digest=DIGEST,
        version="1.2.3",
        commit=SOURCE.commit,
        tree=SOURCE.tree,
        dirty=False,
        platforms=PLATFORMS,
        statements=record_all(workspace, DIGEST, *NEEDED["release"]),
    )


@pytest.fixture
def situation(workspace: Workspace) -> PromotionContext:
    """Return the situation in which a release is made."""
    return PromotionContext(stages.rules(workspace.config), PLATFORMS, previous=DIGEST, in_ci=True)


def with_(release: PromotionCandidate, statement: Statement) -> PromotionCandidate:
    return replace(release, statements={**release.statements, statement.stage: statement})


@pytest.mark.parametrize("stage", ["test", "release"])
def test_a_release_with_all_its_evidence_may_move(
    release: PromotionCandidate, situation: PromotionContext, stage: str
) -> None:
    """Nothing stands against it, and nothing is not_evaluated."""
    assert is_available(release, stage, situation) == PromotionDecision()


@pytest.mark.parametrize("missing", NEEDED["release"])
def test_every_stage_is_needed(
    release: PromotionCandidate, situation: PromotionContext, missing: str
) -> None:
    """A stage without evidence is a reason; only `verify` is not asked for before `test`."""
    less = {name: row for name, row in release.statements.items() if name != missing}
    bare = replace(release, statements=less)
    reasons = (f"{missing}: there is no evidence",)

    assert is_available(bare, "release", situation).reasons == reasons
    assert is_available(bare, "test", situation).reasons == (() if missing == "verify" else reasons)


def test_a_failed_gate_is_a_reason(
    release: PromotionCandidate, situation: PromotionContext, workspace: Workspace
) -> None:
    """The reason names stage, gate and value."""
    bad = with_(release, record(workspace, "tests", DIGEST, coverage=79.9))

    (reason,) = is_available(bad, "test", situation).reasons

    assert reason.startswith("tests: COVERAGE failed: coverage is 79.9")


@pytest.mark.parametrize(
    ("stage", "fact", "gate"),
    [("security", "advisories_high", "ADVISORIES_HIGH"), ("scan", "critical", "IMAGE_CRITICAL")],
)
def test_a_source_out_of_reach_is_unproven_in_test_and_refused_for_release(
    release: PromotionCandidate,
    situation: PromotionContext,
    workspace: Workspace,
    stage: str,
    fact: str,
    gate: str,
) -> None:
    """Advisories that nobody could ask let a test start, visibly, and never a release."""
    less: dict[str, Any] = {fact: None}
    partial = with_(release, record(workspace, stage, DIGEST, **less))

    assert is_available(partial, "test", situation) == PromotionDecision((), (gate,))
    (reason,) = is_available(partial, "release", situation).reasons
    assert reason == f"{stage}: {gate} errored: {fact}: not reported"


def test_another_errored_gate_is_no_pass(
    release: PromotionCandidate, situation: PromotionContext, workspace: Workspace
) -> None:
    """Coverage that was not measured stops a release before `test`."""
    partial = with_(release, record(workspace, "tests", DIGEST, coverage=None))

    assert is_available(partial, "test", situation).reasons == (
        "tests: COVERAGE errored: coverage: not reported",
    )


def test_a_gate_that_was_left_out_is_a_reason(
    release: PromotionCandidate, situation: PromotionContext
) -> None:
    """A statement that lost the verdict of a gate does not speak for it."""
    lint = release.statements["lint"]
    fewer = with_(release, replace(lint, verdicts=lint.verdicts[:2]))

    assert is_available(fewer, "test", situation).reasons == (
        "lint: MAINTAINABILITY was not evaluated",
    )


def test_a_stage_that_broke_after_its_gates_is_a_reason(
    release: PromotionCandidate, situation: PromotionContext
) -> None:
    """Passed verdicts do not cover a statement that says errored."""
    broken = replace(release.statements["lint"], status=Status.ERRORED, reason="the disk is full")

    assert is_available(with_(release, broken), "test", situation).reasons == (
        "lint: lint errored: the disk is full",
    )


def test_a_pass_that_its_verdicts_deny_is_a_reason(
    release: PromotionCandidate, situation: PromotionContext, workspace: Workspace
) -> None:
    """A statement that says passed over a failed verdict is not believed."""
    lie = replace(record(workspace, "lint", DIGEST, issues=3), status=Status.PASSED)

    reasons = is_available(with_(release, lie), "test", situation).reasons

    assert any(
        reason.startswith("lint: is recorded as passed, but its verdicts") for reason in reasons
    )


@pytest.mark.parametrize(
    ("stage", "subject", "reason"),
    [
        ("lint", Subject.commit("e" * 40, SOURCE.tree), "is about gitCommit eeee"),
        ("tests", Subject.commit(SOURCE.commit, "e" * 40), "is about gitTree eeee"),
        ("scan", Subject.image("x", f"sha256:{'e' * 64}"), "is about sha256 eeee"),
        ("build", Subject.commit(SOURCE.commit, SOURCE.tree), "is about sha256 (none)"),
    ],
)
def test_evidence_about_something_else_is_a_reason(
    release: PromotionCandidate,
    situation: PromotionContext,
    stage: str,
    subject: Subject,
    reason: str,
) -> None:
    """A statement counts for the very commit, tree or digest only."""
    other = replace(release.statements[stage], subject=subject)

    (found,) = is_available(with_(release, other), "test", situation).reasons

    assert found.startswith(f"{stage}: {reason}")


def test_evidence_under_another_policy_is_a_reason(
    release: PromotionCandidate, situation: PromotionContext
) -> None:
    """A changed gate or waiver asks for new evidence."""
    changed = replace(situation, rules=replace(situation.rules, policy="another"))

    reasons = is_available(release, "test", changed).reasons

    assert reasons == tuple(
        f"{name}: was evaluated under another policy" for name in NEEDED["test"]
    )


def test_a_repetition_has_to_say_so(
    release: PromotionCandidate, situation: PromotionContext
) -> None:
    """A second attempt that does not name the first is a reason."""
    again = replace(release.statements["tests"], attempt=2)

    assert is_available(with_(release, again), "test", situation).reasons == (
        "tests: attempt 2 does not name the attempt that it repeats",
    )


def test_the_build_binds_the_digest_to_the_source(
    release: PromotionCandidate, situation: PromotionContext, workspace: Workspace
) -> None:
    """A build of another tree than the image names is a reason."""
    other = with_(release, record(workspace, "build", DIGEST, tree="e" * 40))

    assert is_available(other, "test", situation).reasons == (
        "build: names another tree for the digest than the image itself",
    )


def test_verify_looked_at_staging(
    release: PromotionCandidate, situation: PromotionContext, workspace: Workspace
) -> None:
    """An answer of another environment is not the proof."""
    other = with_(release, record(workspace, "verify", DIGEST, environment="production"))

    assert is_available(other, "release", situation).reasons == (
        "verify: checked production, not staging",
    )


def test_a_platform_that_is_missing_is_a_reason(
    release: PromotionCandidate, situation: PromotionContext
) -> None:
    """An image for one platform is no release for two."""
    half = replace(release, platforms=("linux/amd64",))

    assert is_available(half, "test", situation).reasons == (
        "build: the image lacks the platform linux/arm64",
    )


def test_what_a_release_asks_on_top(
    release: PromotionCandidate, situation: PromotionContext
) -> None:
    """CI, committed files and the tag `test` are asked for a release, and not for `test`."""
    here = replace(situation, in_ci=False, previous="")
    dirty = replace(release, dirty=True)

    assert is_available(dirty, "test", here) == PromotionDecision()
    assert is_available(dirty, "release", here).reasons == (
        "a release can only be made in CI, where the variable CI is true",
        "1.2.3 was built from uncommitted changes",
        "the tag test points to no image, not to this digest",
    )


def test_the_latest_statement_of_a_stage_counts(workspace: Workspace) -> None:
    """A later failure replaces an earlier pass, in whatever order they come."""
    first = record(workspace, "lint", DIGEST)
    second = record(workspace, "lint", DIGEST, minutes=5, issues=1)

    assert latest([second, first], SOURCE.commit, SOURCE.tree) == {"lint": second}
    assert second.repeats == first.sha256


def carried(release: PromotionCandidate, stage: str = "tests") -> tuple[Statement, Statement]:
    """Return a statement about the release that carries one about an earlier commit, and that."""
    earlier = replace(release.statements[stage], subject=Subject.commit("e" * 40, "f" * 40))
    return reuse_statement(earlier, release.statements[stage].subject), earlier


def test_what_an_earlier_commit_has_shown_counts(
    release: PromotionCandidate, situation: PromotionContext
) -> None:
    """With the statement about that commit beside it; the rule for `latest` leaves that out."""
    statement, earlier = carried(release)
    found = latest([earlier, statement], SOURCE.commit, SOURCE.tree)
    whole = replace(with_(release, statement), originals={earlier.sha256: earlier})

    assert found == {"tests": statement}
    assert is_available(whole, "release", situation) == PromotionDecision()


def test_what_was_shown_by_nobody_does_not_count(
    release: PromotionCandidate, situation: PromotionContext
) -> None:
    """A statement whose original is not there, or has failed, stands against the release."""
    statement, earlier = carried(release)
    failed = replace(earlier, status=Status.FAILED)
    forged = replace(statement, reuses={**statement.reuses, "sha256": failed.sha256})

    alone = is_available(with_(release, statement), "test", situation)
    false = is_available(
        replace(with_(release, forged), originals={failed.sha256: failed}), "test", situation
    )

    assert alone.reasons == (f"tests: reuses the statement {earlier.sha256}, which is missing",)
    assert false.reasons == ("tests: reuses a statement with the status failed",)


def test_a_supported_python_that_was_not_tested_keeps_it_from_release(
    release: PromotionCandidate, situation: PromotionContext, workspace: Workspace
) -> None:
    """A laptop may go on to test without it."""
    gap = with_(release, record(workspace, "tests", DIGEST, missing=["3.11"]))

    assert is_available(gap, "test", situation).ok
    assert is_available(gap, "release", situation).reasons == (
        "tests: 3.11 is supported but was not tested",
    )


def test_a_stage_without_evidence_hides_none_of_the_later_ones(
    release: PromotionCandidate, situation: PromotionContext
) -> None:
    """Every reason is told at once."""
    bare = replace(release, statements={})

    assert is_available(bare, "test", situation).reasons == tuple(
        f"{name}: there is no evidence" for name in NEEDED["test"]
    )


def test_a_stage_that_broke_without_a_word_is_a_reason_too(
    release: PromotionCandidate, situation: PromotionContext
) -> None:
    """It says that it gave none."""
    broken = replace(release.statements["lint"], status=Status.ERRORED, reason="")

    assert is_available(with_(release, broken), "test", situation).reasons == (
        "lint: lint errored: no reason recorded",
    )


NO_ADVICE: dict[str, Any] = {"advisories_critical": None, "advisories_high": None}


@pytest.mark.parametrize(
    ("stage", "facts", "wanted"),
    [
        ("security", {}, ()),
        ("security", NO_ADVICE, ("ADVISORIES_CRITICAL", "ADVISORIES_HIGH")),
        ("security", {**NO_ADVICE, "secrets": 1}, ()),
        ("security", {"advisories_high": 1}, ()),
        ("tests", {"coverage": None}, ()),
    ],
    ids=["passed", "nobody asked", "and a secret", "a real finding", "another gate"],
)
def test_only_a_source_out_of_reach_is_unproven(
    workspace: Workspace, stage: str, facts: dict[str, Any], wanted: tuple[str, ...]
) -> None:
    """Anything else that did not pass stops the chain."""
    assert unevaluated_gates(record(workspace, stage, DIGEST, **facts)) == wanted


def on_hold(workspace: Workspace) -> Statement:
    """Return the statement that a release was undone in staging."""
    found = record(workspace, "hold-staging", DIGEST)
    return replace(found, status=Status.ERRORED, reason="it was undone")


@pytest.mark.parametrize("stage", ["test", "release"])
def test_a_release_on_hold_does_not_move_until_that_is_taken_off(
    release: PromotionCandidate,
    situation: PromotionContext,
    workspace: Workspace,
    stage: str,
) -> None:
    """In whichever environment it was undone; the latest statement of each counts."""
    put = on_hold(workspace)
    taken = replace(put, status=Status.PASSED, reason="")
    other = replace(taken, stage="hold-production")

    (reason,) = is_available(with_(with_(release, put), other), stage, situation).reasons

    assert reason.startswith("hold-staging: on hold since ") and "it was undone" in reason
    assert "invoke resume --environment=staging" in reason
    assert is_available(with_(with_(release, taken), other), stage, situation).ok


def test_a_person_may_deploy_what_is_on_hold(
    release: PromotionCandidate, situation: PromotionContext, workspace: Workspace
) -> None:
    """A job in CI may not: nobody decides there."""
    found = with_(release, on_hold(workspace))
    by_hand = replace(situation, deploying=True, in_ci=False)

    assert is_available(found, "test", by_hand).ok
    assert not is_available(found, "test", replace(by_hand, in_ci=True)).ok
