"""A run of the pipeline and a stage of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from towpath.config.workspace import Workspace
from towpath.pipeline.document import StageResult
from towpath.source.snapshot import SourceSnapshot


@dataclass
class Run:
    """One execution of the pipeline: what it has from the start, and what its stages found."""

    workspace: Workspace
    source: SourceSnapshot
    fresh: bool
    engine: Callable[[Workspace], Workspace]
    digest: str = ""
    results: list[StageResult] = field(default_factory=list)


@dataclass(frozen=True)
class Stage:
    """A name on the board and the act behind it."""

    name: str
    act: Callable[[Run], StageResult]
