"""Writes the planned changes: a new file, or text at the end of one; nothing is replaced."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from towpath.adoption.plan import APPEND, CREATE, Change
from towpath.core.errors import ConfigurationError
from towpath.core.files import write_atomically

SCRIPT_MODE = 0o755


def write(root: Path, changes: Iterable[Change]) -> None:
    """Make the changes; raises ConfigurationError for a file that appeared since the plan."""
    for change in changes:
        file = root / change.file
        if change.kind == CREATE:
            if file.exists() or file.is_symlink():
                raise ConfigurationError(
                    f"Cannot create {change.file}: it exists already.",
                    next_step="Run the same command again.",
                )
            mode = SCRIPT_MODE if change.executable else None
            write_atomically(file, change.text.encode(), mode)
        elif change.kind == APPEND:
            _append(file, change.text)


def _append(file: Path, text: str) -> None:
    """Add text at the end of a file, after an empty line, with the line endings of the file."""
    content = file.read_bytes()
    if b"\r\n" in content:
        text = text.replace("\n", "\r\n")
    end = b"\r\n" if b"\r\n" in content else b"\n"
    between = b"" if not content or content.endswith(b"\n") else end
    # A table of TOML is easier to see behind an empty line.
    between += end if content and file.suffix == ".toml" else b""
    # Through a link, so that the link stays one.
    write_atomically(
        file.resolve(), content + between + text.encode(), file.stat().st_mode & 0o7777
    )
