"""A release made for a test: an image in a registry, and the evidence of every stage."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from tests.fakes import QuietTerminal, TableRunner
from tests.registry_server import NAME, Store
from towpath import config, gates
from towpath.config.workspace import Workspace
from towpath.core.subject import Subject
from towpath.evidence import record as stages
from towpath.evidence.statement import BEFORE_IMAGE, Statement
from towpath.source.snapshot import SourceSnapshot

SOURCE = SourceSnapshot("c" * 40, "7" * 40, "main", "0.0.0+gccccccc", False, 1_795_555_588, "")
# When the evidence was made: not so long ago that it would have grown old.
START = dt.datetime.now(dt.UTC).replace(microsecond=0) - dt.timedelta(hours=12)
# A CI run that may make a release.
RELEASING = {"CI": "true", "TOWPATH_BRANCH": "release/1"}


def workspace_at(
    root: Path, store: Store, runner: TableRunner | None = None, **env: str
) -> Workspace:
    """Return a session of a project whose registry is the store."""
    branches = {"main": "test", "release/*": "release", "*": "scan"}
    table = {"repository": NAME, "registry": store.host, "branches": branches}
    env = {"TOWPATH_STATE": str(root / "state"), **env}
    table = {"image": {"dockerfile": "Dockerfile"}, **table}
    return Workspace(config.parse(table, root, env), runner or TableRunner(), QuietTerminal())


def labels(source: SourceSnapshot = SOURCE) -> dict[str, str]:
    """Return the labels that a build of this source has."""
    return {
        "org.opencontainers.image.version": source.version,
        "org.opencontainers.image.revision": source.commit,
        "dev.towpath.tree": source.tree,
        "dev.towpath.dirty": str(source.dirty).lower(),
    }


def good(stage: str) -> dict[str, Any]:
    """Return facts that every gate of a stage passes, at its very limit where it allows that."""
    step = {"<=": 0, ">=": 0, "<": -1, ">": 1}
    return {rule.fact: rule.limit + step[rule.direction] for rule in gates.of_stage(stage)}


def record(
    workspace: Workspace, stage: str, digest: str, *, minutes: int = 0, **facts: Any
) -> Statement:
    """Record a stage that passed, but for the facts given; None takes a fact away."""
    subject = (
        SOURCE.subject
        if stage in BEFORE_IMAGE
        else Subject.image(workspace.config.repository, digest)
    )
    more = {
        "build": {"commit": SOURCE.commit, "tree": SOURCE.tree},
        "verify": {"environment": "staging"},
    }.get(stage, {})
    found = {
        key: value for key, value in {**good(stage), **more, **facts}.items() if value is not None
    }
    return stages.record(
        workspace,
        stages.StageRecord(
            stage=stage,
            subject=subject,
            facts=found,
            inputs="i",
            started=START + dt.timedelta(minutes=minutes),
            duration=1,
        ),
    )


def record_all(workspace: Workspace, digest: str, *names: str) -> dict[str, Statement]:
    """Record these stages, all of them passed."""
    return {name: record(workspace, name, digest) for name in names}
