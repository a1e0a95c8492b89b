"""Promotion against a registry: the digest stays, the tag moves last, a refusal moves nothing."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fakes import QuietTerminal
from tests.registry_server import Fault, Store, push_image
from tests.releases import RELEASING, SOURCE, labels, record, record_all, workspace_at
from towpath.config.workspace import Workspace
from towpath.core.errors import DigestMismatchError, PromotionRefusedError, RegistryNetworkError
from towpath.core.subject import Subject
from towpath.evidence import record as stages
from towpath.evidence import registry as evidence
from towpath.evidence import store as shelf
from towpath.evidence.reused_statement import reuse_statement
from towpath.evidence.statement import Statement
from towpath.promotion import promote
from towpath.promotion import show as listing
from towpath.promotion.availability import NEEDED
from towpath.registry.client.retry import RETRY

pytestmark = pytest.mark.door


@pytest.fixture
def built(store: Store) -> str:
    """Return the digest of an image that was built and is judged by nobody yet."""
    return push_image(store.client(), labels(), tag="built").digest


def test_a_built_image_becomes_test_with_its_very_digest(
    store: Store, workspace: Workspace, built: str
) -> None:
    """The tag points at the same bytes, and the promotion itself is evidence in the registry."""
    record_all(workspace, built, *NEEDED["test"])

    promoted = promote.promote(workspace, "test")

    assert (promoted.digest, promoted.version) == (built, SOURCE.version)
    assert store.tags["test"] == built
    held = {row.stage: row for row in evidence.pull(store.client(), built)}
    assert set(held) == {*NEEDED["test"], "promote-test"}
    assert held["promote-test"].facts["judged"]["lint"] == held["lint"].sha256


def test_another_machine_judges_by_the_registry_alone(
    store: Store, workspace: Workspace, built: str, tmp_path: Path
) -> None:
    """A machine without a report of its own releases what the first one tested."""
    record_all(workspace, built, *NEEDED["release"])
    promote.promote(workspace, "test")
    elsewhere = workspace_at(tmp_path / "elsewhere", store, None, **RELEASING)

    assert promote.promote(elsewhere, "release").digest == built
    assert store.tags["release"] == store.tags["test"] == built


def test_a_refusal_names_every_reason_and_moves_nothing(
    store: Store, workspace: Workspace, built: str
) -> None:
    """All that is missing is said at once."""
    record_all(workspace, built, "lint", "build")
    record(workspace, "tests", built, tests_failed=2)

    with pytest.raises(PromotionRefusedError) as caught:
        promote.promote(workspace, "test")

    assert caught.value.code == 7
    assert caught.value.why.splitlines() == [
        "tests: TESTS_FAILED failed: tests_failed is 2; required: TESTS_FAILED <= 0",
        "integration: there is no evidence",
        "security: there is no evidence",
        "scan: there is no evidence",
    ]
    assert "test" not in store.tags


def test_what_could_not_be_proven_is_shown(workspace: Workspace, built: str) -> None:
    """A source of advisories out of reach is named in what was promoted."""
    record_all(workspace, built, *NEEDED["test"])
    record(workspace, "scan", built, minutes=1, critical=None)

    assert promote.promote(workspace, "test").not_evaluated == ("IMAGE_CRITICAL",)


def test_an_unknown_digest_is_refused_by_name(workspace: Workspace) -> None:
    """A digest that the registry has not is exit code 7, and named."""
    digest = f"sha256:{'0' * 64}"

    with pytest.raises(PromotionRefusedError, match=digest):
        promote.promote(workspace, "test", digest)


def test_nothing_built_is_refused(workspace: Workspace) -> None:
    """Without a tag `built` there is nothing to promote."""
    with pytest.raises(PromotionRefusedError, match="has no built"):
        promote.promote(workspace, "test")


def test_a_release_outside_ci_is_refused(store: Store, workspace: Workspace, built: str) -> None:
    """Nothing else is missing, and still a laptop makes no release."""
    record_all(workspace, built, *NEEDED["release"])
    promote.promote(workspace, "test")

    with pytest.raises(PromotionRefusedError) as caught:
        promote.promote(workspace, "release")

    assert caught.value.why == "a release can only be made in CI, where the variable CI is true"
    assert "release" not in store.tags


def test_a_release_is_what_test_points_at(
    store: Store, workspace: Workspace, built: str, tmp_path: Path
) -> None:
    """A digest that is not the tested one any more is refused."""
    record_all(workspace, built, *NEEDED["release"])
    promote.promote(workspace, "test")
    store.tags["test"] = push_image(store.client(), labels(), layer=b"newer").digest
    in_ci = workspace_at(tmp_path, store, None, **RELEASING)

    with pytest.raises(PromotionRefusedError, match="cannot be promoted to release"):
        promote.promote(in_ci, "release", built)


def test_a_write_that_the_registry_lost_is_an_error(
    store: Store, workspace: Workspace, built: str
) -> None:
    """A PUT that says 201 and moves nothing ends in an error, and is not recorded."""
    record_all(workspace, built, *NEEDED["test"])
    older = push_image(store.client(), labels(), layer=b"older", tag="test").digest
    store.faults = [Fault("PUT /v2/towpath/dashboard/manifests/test", 201)]

    with pytest.raises(DigestMismatchError):
        promote.promote(workspace, "test")

    assert store.tags["test"] == older
    assert stages.read_statement(workspace.config, "promote-test") is None


def test_a_registry_that_fails_heals_with_the_next_call(
    store: Store, workspace: Workspace, built: str
) -> None:
    """After an outage the same command finishes the work."""
    record_all(workspace, built, *NEEDED["test"])
    store.faults = [Fault("manifests/built", 503) for _ in range(RETRY.attempts)]

    with pytest.raises(RegistryNetworkError):
        promote.promote(workspace, "test")

    assert promote.promote(workspace, "test").digest == built


def test_the_list_says_what_a_promotion_would_say(
    store: Store, workspace: Workspace, built: str
) -> None:
    """A tag is shown with its evidence and the stage it may move to, by the same rule."""
    record_all(workspace, built, *NEEDED["test"])
    push_image(store.client(), labels(), layer=b"bare", tag="other")
    promote.promote(workspace, "test")

    listing.inspect(workspace)
    listing.show(workspace, "test")

    assert isinstance(workspace.terminal, QuietTerminal)
    text = workspace.terminal.written
    assert built[:12] in text
    assert "promote-test" in text
    assert "sha256-" not in text
    rows = {line.split("│")[1].strip(): line for line in text.splitlines() if "│" in line}
    assert rows["test"].rstrip(" │").endswith("test")
    assert rows["other"].rstrip(" │").endswith("-")


def carry_lint(workspace: Workspace) -> Statement:
    """Leave lint as a check leaves it that has not run again for this commit; return the old."""
    earlier = replace(record(workspace, "lint", ""), subject=Subject.commit("e" * 40, "f" * 40))
    shelf.put(workspace.config, earlier)
    stages.write_statement(workspace.config, reuse_statement(earlier, SOURCE.subject))
    return earlier


def test_evidence_of_an_earlier_commit_comes_with_its_original(
    store: Store, workspace: Workspace, built: str, tmp_path: Path
) -> None:
    """So that another machine can see that it was shown, and when."""
    record_all(workspace, built, *NEEDED["release"])
    earlier = carry_lint(workspace)

    promote.promote(workspace, "test")

    held = [row for row in evidence.pull(store.client(), built) if row.stage == "lint"]
    assert [row.subject for row in held if row.reuses] == [SOURCE.subject]
    assert earlier in held
    listing.show(workspace, "test")
    assert isinstance(workspace.terminal, QuietTerminal)
    assert "eeeeeee" in workspace.terminal.written + workspace.terminal.said
    elsewhere = workspace_at(tmp_path / "elsewhere", store, None, **RELEASING)
    assert promote.promote(elsewhere, "release").digest == built


def test_evidence_of_an_earlier_commit_without_its_original_is_refused(
    store: Store, workspace: Workspace, built: str
) -> None:
    """Whoever writes that something held must bring what held."""
    record_all(workspace, built, *NEEDED["test"])
    earlier = carry_lint(workspace)
    shutil.rmtree(shelf.folder(workspace.config))

    with pytest.raises(PromotionRefusedError) as caught:
        promote.promote(workspace, "test")

    assert caught.value.why == f"lint: reuses the statement {earlier.sha256}, which is missing"
    assert "test" not in store.tags


@pytest.mark.parametrize(
    ("env", "stage", "why"),
    [
        ({"CI": "true"}, "test", "reports no branch and no tag"),
        ({"CI": "true", "TOWPATH_BRANCH": "topic"}, "test", "the branch 'topic' to go to scan"),
        ({"CI": "true", "TOWPATH_BRANCH": "main"}, "release", "the branch 'main' to go to test"),
        (
            {**RELEASING, "GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "pull_request"},
            "test",
            "This is a pull request",
        ),
        (
            {"CI": "true", "GITHUB_REF": "refs/heads/vendor-bump", "GITHUB_ACTIONS": "true"},
            "test",
            "the branch 'vendor-bump' to go to scan",
        ),
    ],
)
def test_a_promotion_obeys_the_branches(
    store: Store, tmp_path: Path, built: str, env: dict[str, str], stage: str, why: str
) -> None:
    """As the chain does: what a run may not do as a whole, it may not do in steps."""
    workspace = workspace_at(tmp_path, store, None, **env)
    record_all(workspace, built, *NEEDED["release"])

    with pytest.raises(PromotionRefusedError) as caught:
        promote.promote(workspace, stage, built)

    assert why in caught.value.why
    assert stage not in store.tags


def test_evidence_says_whose_word_the_branch_is(store: Store, tmp_path: Path, built: str) -> None:
    """A branch that TOWPATH_BRANCH names is shown as such."""
    workspace = workspace_at(tmp_path, store, CI="true", TOWPATH_BRANCH="main")
    record_all(workspace, built, *NEEDED["test"])

    promote.promote(workspace, "test")

    assert stages.require(workspace.config, "promote-test").facts["run"] == {
        "system": "unknown",
        "branch": "main",
        "override": "TOWPATH_BRANCH",
    }


def test_an_image_of_a_pull_request_is_never_promoted(workspace: Workspace, built: str) -> None:
    """Whoever asks, and from wherever."""
    record_all(workspace, built, *NEEDED["test"])
    record(workspace, "build", built, minutes=1, run={"pull_request": "7"})

    with pytest.raises(PromotionRefusedError) as caught:
        promote.promote(workspace, "test")

    assert caught.value.why == "build: the image was built for a pull request"
