"""A run of the pipeline and a stage of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from towpath.config import loading
from towpath.config.workspace import Workspace
from towpath.pipeline.document import StageResult
from towpath.pipeline.links import Links, links
from towpath.source import git, remotes, snapshot
from towpath.source.snapshot import SourceSnapshot


@dataclass
class Run:
    """One execution of the pipeline, with the results of its stages so far."""

    workspace: Workspace
    source: SourceSnapshot
    fresh: bool
    engine: Callable[[Workspace], Workspace]
    digest: str = ""
    results: list[StageResult] = field(default_factory=list)

    def take_over_baseline(self) -> None:
        """Go on with the baseline that a check has just recorded for the first time, if one has.

        Its file is a part of the tree that is built, and of the policy.
        """
        config = loading.with_baseline(self.workspace.config)
        if config.baseline != self.workspace.config.baseline:
            self.workspace = replace(self.workspace, config=config)
            self.source = snapshot.read_source(self.workspace)


@dataclass(frozen=True)
class Stage:
    """A stage of the pipeline: its name and its function."""

    name: str
    act: Callable[[Run], StageResult]


def find_links(workspace: Workspace, commit: str) -> Links:
    """Return links into the repository's pages and to the CI run, where they are known."""
    remote = workspace.runner.run(git.remote_url(), check=False).stdout
    run = workspace.config.ci
    return links(remotes.shown(remote), commit, run.url if run else "")
