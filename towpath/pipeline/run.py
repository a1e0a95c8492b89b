"""A run of the pipeline and a stage of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from towpath.config.workspace import Workspace
from towpath.pipeline.document import StageResult
from towpath.pipeline.links import Links, links
from towpath.source import git, remotes
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
