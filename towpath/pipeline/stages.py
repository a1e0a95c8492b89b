"""The stages of a run, in their order: which there are up to `scan`, `test` and `release`."""

from __future__ import annotations

import time
from collections.abc import Callable

from towpath.pipeline import delivery
from towpath.pipeline import document as report
from towpath.pipeline.document import StageResult
from towpath.pipeline.run import Run, Stage

# The stages without an engine come first, so that their findings are reported early.
FIRST = ("lint", "tests")


def stages_up_to(reach: str) -> list[Stage]:
    """Return the stages of a run up to `reach`, in order."""
    found = [Stage(name, _check(name)) for name in FIRST]
    found += [
        Stage("integration", _on_engine(_check("integration"))),
        Stage("security", _check("security")),
    ]
    found += [Stage("build", delivery.build), Stage("scan", delivery.scan)]
    if reach in ("test", "release"):
        found += [
            Stage("promote-test", delivery.promoting("test")),
            Stage("deploy", delivery.deploying("deploy", "staging")),
            Stage("verify", delivery.verifying("verify", "staging")),
        ]
    if reach == "release":
        found += [
            Stage("promote-release", delivery.promoting("release")),
            Stage("deploy-production", delivery.deploying("deploy-production", "production")),
            Stage("verify-production", delivery.verifying("verify-production", "production")),
        ]
    return found


def _on_engine(act: Callable[[Run], StageResult]) -> Callable[[Run], StageResult]:
    """Return a stage that first starts an engine, for itself and all later stages."""

    def on_engine(run: Run) -> StageResult:
        run.workspace = run.engine(run.workspace)
        return act(run)

    return on_engine


def _check(name: str) -> Callable[[Run], StageResult]:
    """Return the stage of a check, which reuses evidence or runs the Nox session."""
    from towpath.checks import reuse as sessions

    def act(run: Run) -> StageResult:
        started = time.monotonic()
        statement, reused = sessions.ensure_checked(
            run.workspace, run.source, name, fresh=run.fresh
        )
        run.take_over_baseline()
        fields = report.check_fields(name, statement.facts)
        return delivery.result(statement, started, fields, reused=reused)

    return act
