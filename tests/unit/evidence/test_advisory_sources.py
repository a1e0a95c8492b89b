"""Whom a stage asked: old data fails its gate, a foreign source is a reason against a release."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from tests.registry_server import Store
from tests.releases import SOURCE, good, record, record_all, workspace_at
from towpath.config import waivers as policy
from towpath.config.waivers import Waiver
from towpath.config.workspace import Workspace
from towpath.core.references import RELEASE, TEST
from towpath.core.subject import Subject
from towpath.evidence import advisory_sources as sources
from towpath.evidence import record as stages
from towpath.evidence.advisory_sources import AdvisorySource
from towpath.gates import Status
from towpath.promotion.availability import (
    NEEDED,
    PromotionCandidate,
    PromotionContext,
    is_available,
)

DIGEST = f"sha256:{'d' * 64}"
PLATFORMS = ("linux/amd64", "linux/arm64")
DIRECTORY = AdvisorySource("safety", "data", "nothing", 3.5, foreign=True)
DEBIAN = AdvisorySource("Debian's security archive, trixie", "https://d.example", "https", 0.5)
UNTIL = dt.date(2099, 1, 31)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Return a session of an empty project."""
    return workspace_at(tmp_path, Store(port=1))


def waived(workspace: Workspace, *ids: str) -> Workspace:
    """Return the session of a project with these waivers."""
    rows = tuple(Waiver(name, "reviewed", UNTIL) for name in ids)
    policy.require_known(rows, ())
    return replace(workspace, config=replace(workspace.config, waivers=rows))


def judged(workspace: Workspace, stage: str, *asked: AdvisorySource) -> tuple[Status, str]:
    """Return how a stage with good facts ends that asked these sources, and why."""
    facts = {name: fact for name, fact in good(stage).items() if name != "age_days"}
    statement = stages.record(
        workspace,
        stages.StageRecord(
            stage=stage,
            subject=Subject.image("r", DIGEST),
            facts=facts | sources.facts(asked),
            inputs="i",
            started=dt.datetime(2026, 11, 24, tzinfo=dt.UTC),
            duration=1,
        ),
    )
    (row,) = [row for row in statement.verdicts if row["gate"] == sources.AGES[stage]]
    return statement.status, str(row["reason"])


def test_the_facts_name_every_source_and_the_oldest_age() -> None:
    """Each once, whatever the number of platforms that were asked about."""
    found = sources.facts([DIRECTORY, DEBIAN, DEBIAN])

    assert [row["name"] for row in found["sources"]] == [DEBIAN.name, "safety"]
    assert (found["age_days"], found["foreign"]) == (3.5, ["data"])


@pytest.mark.parametrize("stage", sources.AGES)
def test_old_data_fails_and_no_data_is_no_verdict(workspace: Workspace, stage: str) -> None:
    """At 35 days it is still good, a tenth of a day later it is not."""
    old = replace(DIRECTORY, age_days=35.1)

    assert judged(workspace, stage, replace(old, age_days=35), DEBIAN)[0] is Status.PASSED
    assert judged(workspace, stage, old, DEBIAN)[0] is Status.FAILED
    assert judged(workspace, stage) == (Status.ERRORED, "age_days: not reported")


def test_a_waiver_of_a_source_accepts_its_age_and_no_other_ones(workspace: Workspace) -> None:
    """The words of the waiver stand in the verdict."""
    old = replace(DIRECTORY, age_days=400)
    accepting = waived(workspace, "SOURCE:data")

    status, reason = judged(accepting, "security", old)

    assert status is Status.PASSED
    assert reason.endswith("; waived: data: reviewed (until 2099-01-31)")
    assert judged(accepting, "security", old, replace(DEBIAN, age_days=36))[0] is Status.FAILED
    assert judged(accepting, "security", replace(old, address="dat"))[0] is Status.FAILED


def released(workspace: Workspace, **facts: Any) -> PromotionCandidate:
    """Return a release whose stages say these things: `security=...`, `scan=...`."""
    record_all(workspace, DIGEST, *NEEDED[RELEASE])
    for stage, more in facts.items():
        record(workspace, stage, DIGEST, minutes=1, **more)
    found = {name: stages.require(workspace.config, name) for name in NEEDED[RELEASE]}
    return PromotionCandidate(
        workspace.config.repository,
        DIGEST,
        "1.2.3",
        SOURCE.commit,
        SOURCE.tree,
        False,
        PLATFORMS,
        statements=found,
    )


def asked_for(workspace: Workspace, release: PromotionCandidate, stage: str) -> Any:
    """Return whether the release may move to a stage."""
    accepted = policy.acceptances(workspace.config.waivers)
    situation = PromotionContext(
        stages.rules(workspace.config), PLATFORMS, previous=DIGEST, in_ci=True, accepted=accepted
    )
    return is_available(release, stage, situation)


@pytest.mark.parametrize(
    ("stage", "facts", "waiver"),
    [
        ("security", {"foreign": ["tests/fixtures/advisories"]}, "tests/fixtures/advisories"),
        ("scan", {"foreign": ["https://mirror.example/x"]}, "https://mirror.example/x"),
        ("scan", {"foreign": ["trivy"]}, "trivy"),
        ("scan", {"foreign": ["aquasec/trivy@sha256:12"]}, "aquasec/trivy@sha256:12"),
        ("integration", {"excluded_tests": ["engine"]}, "engine"),
        ("integration", {"left_out": ["engine"]}, "engine"),
    ],
)
def test_what_the_environment_named_is_a_reason_against_a_release(
    workspace: Workspace, stage: str, facts: dict[str, Any], waiver: str
) -> None:
    """A test may rest on it; a release only with a waiver of this very thing, which is shown."""
    release = released(workspace, **{stage: facts})
    kind = "EXCLUDED" if stage == "integration" else "SOURCE"

    (reason,) = asked_for(workspace, release, RELEASE).reasons

    assert reason.startswith(f"{stage}: {waiver} was ")
    assert reason.endswith(f"(to accept it, add a waiver with the id '{kind}:{waiver}')")
    assert asked_for(workspace, release, TEST).ok
    for name, ok in ((f"{kind}:{waiver}", True), (f"{kind}:other", False)):
        accepting = waived(workspace, name)
        answer = asked_for(accepting, released(accepting, **{stage: facts}), RELEASE)
        assert answer.ok is ok
        assert len(answer.accepted) == int(ok)
        if ok:
            assert answer.accepted[0].endswith("accepted: reviewed (until 2099-01-31)")


@pytest.mark.parametrize("value", ["data", {"a": 1}, 7, None])
def test_sources_that_are_no_list_are_no_release(workspace: Workspace, value: Any) -> None:
    """A statement may come from anybody."""
    facts = {"foreign": value}

    assert list(sources.refusals("scan", facts))


def test_a_line_of_django_that_was_left_out_is_told_elsewhere() -> None:
    """`deselected` of the tests names Pythons that the machine was not made for."""
    assert list(sources.refusals("tests", {"excluded_tests": ["3.11"]})) == []


def test_a_statement_of_an_earlier_version_is_read(workspace: Workspace) -> None:
    """It calls the queried sources `asked`; their age is waived as that of `sources`."""
    old = asdict(replace(DIRECTORY, age_days=100.0))
    accepted = {old["address"]: "reviewed"}

    notes = [
        sources.waived_ages("security", {key: [old]}, accepted, {}) for key in ("sources", "asked")
    ]

    assert notes == [{"ADVISORIES_AGE": f"{old['address']}: reviewed"}] * 2


def test_a_waiver_of_an_earlier_version_is_read(workspace: Workspace) -> None:
    """It calls excluded tests `LEFT_OUT`."""
    accepting = waived(workspace, "LEFT_OUT:engine")
    facts = {"integration": {"excluded_tests": ["engine"]}}

    assert asked_for(accepting, released(accepting, **facts), RELEASE).ok
