"""What the engine asks of a runner; tests bring their own small one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from towpath.core.runner import Running


class Starting(Running, Protocol):
    """A runner that also starts processes which outlive it."""

    env: dict[str, str]

    def spawn(self, argv: Sequence[str], *, log: Path, env: Mapping[str, str] | None = None) -> int:
        """Start a process in a session of its own and return its pid."""
