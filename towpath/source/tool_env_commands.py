"""The command lines that make an environment of a tool's own. Pure."""

from __future__ import annotations

Argv = list[str]


def environment(python: str, place: str) -> Argv:
    """Make an empty environment for this interpreter, in place of what is there."""
    return [python, "-m", "uv", "venv", "--quiet", "--clear", "--python", python, place]


def install(python: str, place: str, pins: str) -> Argv:
    """Install pinned requirements into an environment, each file checked by its hash."""
    return [python, "-m", "uv", "pip", "install", "--quiet", "--require-hashes"] + [
        *("--python", f"{place}/bin/python"),
        *("--requirements", pins),
    ]
