"""What every action needs: settings, a runner of processes, and a terminal."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from towpath.config import Config
from towpath.core.runner import Running
from towpath.core.terminal import Terminal


@dataclass(frozen=True)
class Workspace:
    """Settings, runner and terminal; tests build one from small fakes."""

    config: Config
    runner: Running
    terminal: Terminal
    # What an act has found out for these settings, for the acts after it.
    memory: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)
