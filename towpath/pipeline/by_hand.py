"""What a deployment, a rollback or a promotion by hand leaves behind: messages, report, badge."""

from __future__ import annotations

import datetime as dt
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from towpath.config.workspace import Workspace
from towpath.core.errors import RegistryError, RegistryNotFoundError
from towpath.core.references import RELEASE, TEST
from towpath.evidence import record as stages
from towpath.gates import Status
from towpath.pipeline import document as report
from towpath.pipeline import notifications
from towpath.pipeline import report as reports
from towpath.pipeline import runs
from towpath.pipeline.document import StageResult
from towpath.pipeline.notifications import Act
from towpath.pipeline.run import find_links
from towpath.registry import image as registry
from towpath.registry.client import RegistryClient

REVISION = "org.opencontainers.image.revision"
# What the report names where no CI system names a branch or tag.
BRANCH = "by hand"
# The environment that a release with this tag goes to.
ENVIRONMENTS = {TEST: "staging", RELEASE: "production"}


@dataclass
class Record:
    """The stages of an act that ended so far; the act knows its version and commit."""

    workspace: Workspace
    act: Act
    began: dt.datetime = field(default_factory=stages.now)
    started: float = field(default_factory=time.monotonic)
    results: list[StageResult] = field(default_factory=list)

    def release(self, digest: str, version: str) -> None:
        """Note which release the act is about; its commit is in the labels of its image.

        A registry that does not answer costs the link of the commit, never the act.
        """
        self.act.version = version
        client = registry.client(self.workspace)
        try:
            self.act.commit = registry.image(client, digest).label(REVISION)
            self.act.waits = _waits(self.act, client, digest)
        except RegistryError:
            return

    @contextmanager
    def stage(self, name: str, **fields: Any) -> Iterator[dict[str, Any]]:
        """Record how a stage ended, with the fields that are added meanwhile."""
        began, started = stages.now(), time.monotonic()
        found: dict[str, Any] = dict(fields)
        error = None
        try:
            yield found
        except (KeyboardInterrupt, Exception) as raised:
            error = notifications.as_ours(raised)
            raise
        finally:
            self.results.append(
                StageResult(
                    name,
                    report.status_of(error) if error else Status.PASSED,
                    time.monotonic() - started,
                    found,
                    reason=report.reason_of(error) if error else "",
                    error=error,
                    started=stages.stamp(began),
                )
            )

    def document(self) -> dict[str, Any]:
        """Return the report of the act; empty where it is not known what it was about."""
        if not (self.act.version and self.act.commit and self.results):
            return {}
        ci = self.workspace.config.ci
        return report.compose(
            run=str(uuid.uuid4()),
            timestamp=stages.stamp(self.began),
            commit=self.act.commit,
            branch=(ci.name if ci else "") or BRANCH,
            version=self.act.version,
            duration=time.monotonic() - self.started,
            results=self.results,
            links=find_links(self.workspace, self.act.commit).as_json(),
        )


def _waits(act: Act, client: RegistryClient, digest: str) -> str:
    """Return what a person does to take a release on after this act; empty if nothing waits.

    A rollback waits for nobody, nor does a release that has the tag `release` already.
    """
    if act.tag:
        return notifications.deployment_waits(ENVIRONMENTS[act.tag], digest)
    if act.event != "deployed" or act.environment != ENVIRONMENTS[TEST]:
        return ""
    if digest != _tagged(client, TEST) or digest == _tagged(client, RELEASE):
        return ""
    return notifications.promotion_waits(digest)


def _tagged(client: RegistryClient, tag: str) -> str:
    """Return the digest of a tag; empty where there is no such tag."""
    try:
        return client.resolve(tag)
    except RegistryNotFoundError:
        return ""


@contextmanager
def recorded(workspace: Workspace, act: Act) -> Iterator[Record]:
    """Announce and report an act by hand, however it ends; its error goes on as it is.

    Raises ConfigurationError for a notification target that misses a setting, before anything is
    done.
    """
    record = Record(workspace, act)
    try:
        with notifications.announced(workspace, act):
            yield record
    finally:
        _leave(record)


def _leave(record: Record) -> None:
    """Send the report to the dashboard, and write the badge of what serves now."""
    for row in record.results:
        environment = str(row.fields.get("environment", ""))
        if row.status is Status.PASSED and row.name.startswith(notifications.DEPLOYS):
            runs.try_version_badge(record.workspace, environment, record.act.version)
    if document := record.document():
        reports.try_publish(record.workspace, document)
