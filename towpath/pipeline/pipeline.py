"""Run the pipeline: choose the stages, run them in order, and write the report."""

from __future__ import annotations

import datetime as dt
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from towpath.config.reach import old_forms
from towpath.config.workspace import Workspace
from towpath.core.errors import InterruptedRunError, PromotionRefusedError, TowpathError
from towpath.evidence import record as stages
from towpath.operations.notify.progress import Progress
from towpath.pipeline import document as report
from towpath.pipeline import monitoring, notifications
from towpath.pipeline import report as reports
from towpath.pipeline.document import StageResult
from towpath.pipeline.run import Run, Stage, find_links
from towpath.pipeline.stages import stages_up_to
from towpath.source import snapshot as sources
from towpath.source.snapshot import SourceSnapshot


def reach_of(workspace: Workspace, source: SourceSnapshot, target: str) -> str:
    """Return the last target of this run: `scan`, `test` or `release`.

    In CI the branch, tag or pull request sets the limit; elsewhere it is `test`. Raises
    PromotionRefusedError if `target` exceeds the limit.
    """
    limit = workspace.config.limit(source.commit)
    if target and not limit.allows(target):
        raise PromotionRefusedError(
            f"This run is limited to {limit.reach}; {target} is not allowed.",
            why=limit.why,
            next_step=limit.next_step,
        )
    return target or limit.reach


def pipeline(
    workspace: Workspace,
    *,
    engine: Callable[[Workspace], Workspace],
    to: str = "",
    fresh: bool = False,
) -> dict[str, Any]:
    """Run the pipeline and return its report, which is also written to disk after every stage.

    `engine` returns the workspace with a running engine; it is called when a stage needs one.
    With `fresh`, no evidence is reused. The first stage that does not pass ends the run: its error,
    a TowpathError, is raised after the report was written and delivered. Raises
    PromotionRefusedError if `to` is not allowed.
    """
    source = sources.read_source(workspace)
    reach = reach_of(workspace, source, to)
    for line in old_forms(workspace.config.branches):
        workspace.terminal.warn(line)
    chain, name = _chain(workspace, reach), str(uuid.uuid4())
    links = find_links(workspace, source.commit).as_json()
    progress = notifications.begin(workspace, source, name, links)
    run = Run(workspace, source, fresh or not workspace.config.may_reuse, engine)
    writer = _Writer(run, name, links)
    title = f"{source.version} on {source.branch}, up to {reach}"
    with workspace.terminal.board(title, [stage.name for stage in chain]):
        _run_stages(chain, run, writer, progress)
    document = writer.write()
    workspace.terminal.summary(report.markdown(document))
    reports.try_page(workspace, document)
    reports.try_publish(workspace, document)
    # Last of all, so that what a message links to is there.
    if sent := notifications.finish(workspace, progress, run.results):
        document["notifications"] = notifications.as_json(sent)
        reports.write_report(workspace.config, document)
    for result in run.results:
        if result.error is not None:
            raise result.error
    return document


def _chain(workspace: Workspace, reach: str) -> list[Stage]:
    """Return the plan with the stage `monitor`, if production is monitored; else say so."""
    if reach != "release":
        return stages_up_to(reach)
    if skipped := monitoring.skipped(workspace.config.environments, "production"):
        workspace.terminal.say(skipped)
        return stages_up_to(reach)
    return [*stages_up_to(reach), Stage(monitoring.STAGE, monitoring.monitoring("production"))]


def _run_stages(chain: list[Stage], run: Run, writer: _Writer, progress: Progress) -> None:
    """Run the stages up to the first that does not pass, and write the report after each."""
    for number, stage in enumerate(chain, 1):
        began = time.monotonic()
        result = replace(_attempt(stage, run), started=writer.at(began))
        run.results.append(result)
        writer.write()
        if result.error is not None:
            return
        try:
            if number < len(chain):
                notifications.went_on(progress, run.results)
        except KeyboardInterrupt:
            error = InterruptedRunError("Interrupted.")
            run.results.append(_stopped(chain[number], time.monotonic(), error))
            return


@dataclass
class _Writer:
    """Writes the current report of a run."""

    run: Run
    name: str
    links: Mapping[str, str] = field(default_factory=dict)
    begun: dt.datetime = field(default_factory=stages.now)
    started: float = field(default_factory=time.monotonic)

    def at(self, moment: float) -> str:
        """Return a monotonic time as UTC with milliseconds; a clock that is set changes nothing."""
        found = self.begun + dt.timedelta(seconds=moment - self.started)
        return found.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def write(self) -> dict[str, Any]:
        source = self.run.source
        document = report.compose(
            run=self.name,
            timestamp=stages.stamp(self.begun),
            commit=source.commit,
            branch=source.branch,
            version=source.version,
            duration=time.monotonic() - self.started,
            results=self.run.results,
            links=self.links,
        )
        reports.write_report(self.run.workspace.config, document)
        return document


def _attempt(stage: Stage, run: Run) -> StageResult:
    """Run one stage; every error becomes a result, so that the report is always written."""
    started = time.monotonic()
    with run.workspace.terminal.stage(stage.name) as row:
        try:
            result = stage.act(run)
        except KeyboardInterrupt:
            result = _stopped(stage, started, InterruptedRunError("Interrupted."))
        except TowpathError as error:
            result = _stopped(stage, started, error)
        except Exception as error:
            bug = TowpathError(
                f"Internal error in stage {stage.name}: {type(error).__name__}: {error}"
            )
            bug.__cause__ = error
            result = _stopped(stage, started, bug)
        row.status, row.seconds = str(result.status), result.duration
        row.note = report.note(result.as_json())
    return replace(result, steps=tuple(row.steps))


def _stopped(stage: Stage, started: float, error: TowpathError) -> StageResult:
    seconds, status = time.monotonic() - started, report.status_of(error)
    return StageResult(stage.name, status, seconds, reason=report.reason_of(error), error=error)
