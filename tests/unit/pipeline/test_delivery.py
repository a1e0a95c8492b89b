"""The stages from the build on: what the report says of them, and when evidence is reused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.fakes import TableRunner, outcome
from tests.registry_server import Store, push_image
from tests.releases import SOURCE, START, labels, record, record_all, workspace_at
from towpath.config.workspace import Workspace
from towpath.core.errors import (
    CommandFailedError,
    DeploymentUndoneError,
    GateFailedError,
    LockedError,
    NothingToJudgeError,
    PromotionRefusedError,
)
from towpath.core.references import version_tag
from towpath.deployment import deploy, verify
from towpath.deployment.deploy import Deployed
from towpath.evidence import record as stages
from towpath.evidence import registry as evidence
from towpath.evidence.advisory_sources import AdvisorySource
from towpath.gates import Status
from towpath.images import build
from towpath.images.wheels.record_reader import Wheel
from towpath.pipeline import delivery
from towpath.pipeline import document as report
from towpath.pipeline.pipeline import Run
from towpath.promotion.availability import NEEDED
from towpath.registry import push_lock as guard
from towpath.scanning import scan
from towpath.scanning.result import Scan, Sizes
from towpath.scanning.sbom import SbomCounts

pytestmark = pytest.mark.door
OTHER = "sha256:" + "9" * 64


@pytest.fixture
def workspace(tmp_path: Path, store: Store) -> Workspace:
    (tmp_path / "Dockerfile").write_text("FROM scratch AS production\n")
    return workspace_at(
        tmp_path, store, TableRunner({"docker info": outcome(code=1, stderr="no engine")})
    )


@pytest.fixture
def built(store: Store) -> str:
    """Return the digest of an image that the registry holds under both names of a build."""
    digest = push_image(store.client(), labels(), tag="built").digest
    store.tags[version_tag(SOURCE.version)] = digest
    return digest


SIZES = Sizes({"linux/amd64": 61}, {"linux/amd64": 20}, {"linux/amd64": -1}, "sha256:1")
LISTED = SbomCounts({"linux/amd64": 132})


@pytest.fixture
def run(workspace: Workspace, built: str) -> Run:
    """Return a run whose build is recorded."""
    found = build.Built(
        built,
        SOURCE.version,
        workspace.config.platforms,
        {"linux/amd64": 61, "linux/arm64": 60},
        ("built",),
        8.5,
    )
    build.record(workspace, SOURCE, found, workspace.config.platforms, started=START)
    return Run(workspace, SOURCE, False, lambda same: same, digest=built)


def test_a_build_that_the_registry_still_holds_is_reused(run: Run, built: str) -> None:
    """Nothing is built; the report has the digest and what was saved."""
    run.digest = ""

    result = delivery.build(run)

    assert result.as_json() == {
        "status": "passed",
        "duration": result.as_json()["duration"],
        "digest": built,
        "platforms": ["linux/amd64", "linux/arm64"],
        "sizes": {"linux/amd64": 61, "linux/arm64": 60},
        "image_size": 61,
        "reused": True,
        "saved": 8.5,
        "measured": stages.stamp(START),
    }
    assert run.digest == built


def test_the_report_names_the_wheels_of_a_registry(run: Run, built: str) -> None:
    """As the build's statement does; without any there is no such line."""
    wheel = Wheel("a", "1", "linux/arm64", "kept, cross", 1, "a.whl", "a" * 64, registry="r/x")
    found = build.Built(
        built, SOURCE.version, run.workspace.config.platforms, {}, ("built",), 1.0, wheels=(wheel,)
    )
    build.record(run.workspace, SOURCE, found, run.workspace.config.platforms, started=START)

    named = delivery.build(run).as_json()["registry_wheels"]

    assert named == [
        {
            "name": "a",
            "version": "1",
            "platform": "linux/arm64",
            "sha256": "a" * 64,
            "registry": "r/x",
        }
    ]


@pytest.mark.parametrize("change", ["another digest", "no tag", "fresh", "other files"])
def test_a_build_that_does_not_hold_is_made_again(run: Run, store: Store, change: str) -> None:
    """A moved or missing tag, other files, or --fresh: the builder is asked."""
    if change == "another digest":
        store.tags["built"] = push_image(store.client(), {**labels(), "x": "y"}, tag="x").digest
    elif change == "no tag":
        del store.tags["built"]
    elif change == "fresh":
        run.fresh = True
    else:
        run.source = type(SOURCE)("d" * 40, "8" * 40, "main", SOURCE.version, False, 1, "")

    with pytest.raises(CommandFailedError, match="docker"):
        delivery.build(run)


def test_a_scan_of_today_is_reused(run: Run, built: str) -> None:
    """The same digest on the same day is not scanned twice."""
    asked = AdvisorySource("a source", "https://example.invalid", "https", 0)
    found = Scan(built, (), (asked,), (), SIZES, LISTED, seconds=4.0)
    scan.record(run.workspace, found, started=START)

    result = delivery.scan(run)

    assert (result.status, result.saved) == (Status.PASSED, 4.0)
    assert result.fields["vulnerabilities"] == {"critical": 0, "high": 0, "medium": 0, "low": 0}
    assert result.fields["growth"] == {"linux/amd64": -1}
    assert "since release linux/amd64 -0.0 MB" in report.note(result.as_json())


def test_a_scan_that_nobody_answered_is_unproven_and_does_not_stop(run: Run, built: str) -> None:
    """The stage stays errored, names its gates, and the chain goes on."""
    found = Scan(built, (), (), ("no source could be asked",), SIZES, LISTED)
    statement = scan.record(run.workspace, found, started=START)

    result = delivery.result(statement, 0.0, {})

    assert (result.status, result.error) == (Status.ERRORED, None)
    assert result.fields["not_evaluated"] == [
        "IMAGE_CRITICAL",
        "IMAGE_HIGH",
        "IMAGE_ADVISORIES_AGE",
    ]
    assert result.reason == "no source could be asked"


@pytest.mark.parametrize(
    ("facts", "error"),
    [({"tests_failed": 1}, GateFailedError), ({"coverage": None}, NothingToJudgeError)],
)
def test_what_is_no_question_of_advisories_stops(
    workspace: Workspace, built: str, facts: dict[str, Any], error: type[Exception]
) -> None:
    """A gate that failed, or one that could not be judged here, ends the chain."""
    result = delivery.result(record(workspace, "tests", built, **facts), 0.0, {})

    assert isinstance(result.error, error)
    assert "not_evaluated" not in result.fields


def test_a_promotion_names_tag_and_digest(run: Run, store: Store, built: str) -> None:
    """The act of the stage is the promotion itself."""
    record_all(run.workspace, built, *NEEDED["test"])

    result = delivery.promoting("test")(run)

    assert result.name == "promote-test"
    assert result.fields == {"digest": built, "tag": "test"}
    assert store.tags["test"] == built


def test_an_unevaluated_gate_is_shown_at_the_promotion(run: Run, built: str) -> None:
    """Test is reached, and the report says what nobody could judge."""
    record_all(run.workspace, built, *(set(NEEDED["test"]) - {"security"}))
    record(run.workspace, "security", built, advisories_high=None)

    result = delivery.promoting("test")(run)

    assert (result.status, result.fields["not_evaluated"]) == (Status.PASSED, ["ADVISORIES_HIGH"])


def test_a_refusal_is_the_stages_error(run: Run) -> None:
    """A promotion without evidence raises, and the chain makes a result of it."""
    with pytest.raises(PromotionRefusedError, match="cannot be promoted to test"):
        delivery.promoting("test")(run)


@pytest.mark.parametrize(("previous", "shown"), [("", None), (OTHER, OTHER)])
def test_a_deployment_names_what_ran_before(
    run: Run,
    built: str,
    monkeypatch: pytest.MonkeyPatch,
    previous: str,
    shown: str | None,
) -> None:
    """The first deployment had nothing before it."""
    answer = Deployed("staging", built, previous, SOURCE.version, 11.0)
    monkeypatch.setattr(deploy, "deploy", lambda *_: answer)
    staged(run)

    result = delivery.deploying("deploy", "staging")(run)

    assert result.fields == {"environment": "staging", "digest": built, "previous": shown}
    assert stages.require(run.workspace.config, "deploy").facts["seconds"] == 11.0


def test_a_deployment_that_was_undone_leaves_no_statement_of_success(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error goes up, and nothing says that it was deployed."""

    def undone(*_: object) -> Deployed:
        raise DeploymentUndoneError("never healthy")

    monkeypatch.setattr(deploy, "deploy", undone)
    staged(run)

    with pytest.raises(DeploymentUndoneError):
        delivery.deploying("deploy", "staging")(run)
    assert stages.read_statement(run.workspace.config, "deploy") is None


@pytest.mark.parametrize(
    ("facts", "status", "reason"),
    [
        ({"mismatches": 0, "problems": []}, Status.PASSED, ""),
        (
            {"mismatches": 1, "problems": ["/health/live answers 502, not 200"], "digest": ""},
            Status.FAILED,
            "/health/live answers 502, not 200",
        ),
    ],
)
def test_a_verification_is_judged_and_kept_in_the_registry(
    run: Run,
    store: Store,
    built: str,
    monkeypatch: pytest.MonkeyPatch,
    facts: dict[str, Any],
    status: Status,
    reason: str,
) -> None:
    """What was seen is evidence of this digest, good or bad, for any machine."""
    monkeypatch.setattr(verify, "verify", lambda *_: facts)
    staged(run)

    result = delivery.verifying("verify", "staging")(run)

    held = {row.stage: row for row in evidence.pull(store.client(), built)}
    assert (result.status, result.reason) == (status, reason)
    assert result.fields == {
        "environment": "staging",
        "digest": built,
        "version": SOURCE.version,
    }
    assert held["verify"].status is status


def test_nobody_prunes_while_a_verification_becomes_evidence(
    run: Run, store: Store, built: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it hangs on the image must not be taken for something that nobody needs."""

    def looked(*_: object) -> dict[str, Any]:
        with pytest.raises(LockedError, match="is pushing to"), guard.alone(run.workspace):
            raise AssertionError("pruned")
        return {"mismatches": 0, "problems": []}

    monkeypatch.setattr(verify, "verify", looked)
    staged(run)

    assert delivery.verifying("verify", "staging")(run).status is Status.PASSED
    with guard.alone(run.workspace):
        assert "verify" in {row.stage for row in evidence.pull(store.client(), built)}


def staged(run: Run) -> None:
    """Give the run's project an environment named staging."""
    from dataclasses import replace

    from towpath.config import Environment

    config = replace(run.workspace.config, environments={"staging": Environment("staging")})
    run.workspace = replace(run.workspace, config=config)
