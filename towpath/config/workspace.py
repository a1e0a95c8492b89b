"""What every flow gets: settings, the door to processes and the way to speak."""

from __future__ import annotations

from dataclasses import dataclass

from towpath.config import Config
from towpath.core.runner import Running
from towpath.core.terminal import Terminal


@dataclass(frozen=True)
class Workspace:
    """The tools of a flow; tests build one from small fakes."""

    config: Config
    runner: Running
    terminal: Terminal
