"""The Dockerfile's scripts: loaded as modules, or run with programs that record their arguments."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

DOCKER = Path(__file__).resolve().parents[3] / "docker"
# 1 January 1980, UTC: the time that the Dockerfile gives to files.
FIXED_TIME = 315532800


def module(name: str) -> ModuleType:
    """Return a script in Python as a module; nothing compiled is left beside it."""
    spec = importlib.util.spec_from_file_location(Path(name).stem, DOCKER / name)
    assert spec is not None and spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        spec.loader.exec_module(found)
    finally:
        sys.dont_write_bytecode = before
    return found


def run(
    name: str, *arguments: object, programs: Path | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a script with these programs before all others, and nothing of the caller's but PATH.

    It may end with any exit code; what it wrote is captured.
    """
    path = os.pathsep.join([*([str(programs)] if programs else []), os.environ["PATH"]])
    return subprocess.run(
        ["sh", str(DOCKER / name), *map(str, arguments)],
        env={"PATH": path, "LC_ALL": "C.UTF-8", "FIXED_TIME": str(FIXED_TIME)} | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def fake(folder: Path, name: str, body: str = "") -> Path:
    """Put a program into a directory that writes its arguments to `calls` there, then does more."""
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_text(f'#!/bin/sh\necho "{name} $*" >> "{folder}/calls"\n{body}\n')
    file.chmod(0o755)
    return folder


def calls(folder: Path) -> list[str]:
    """Return what the programs of a directory were called with, in order."""
    file = folder / "calls"
    return file.read_text().splitlines() if file.is_file() else []


def written(root: Path, files: dict[str, str]) -> None:
    """Write files below a directory."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def listed(root: Path) -> list[str]:
    """Return every file below a directory."""
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def times(paths: Iterable[Path]) -> set[float]:
    """Return the times of modification of files, links as such."""
    return {path.lstat().st_mtime for path in paths}
