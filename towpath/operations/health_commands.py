"""What the health check asks of Docker's commands. Pure: argv lists only."""

from __future__ import annotations

Argv = list[str]


def buildx_version() -> Argv:
    """Tell the version of buildx; no engine is asked."""
    return ["docker", "buildx", "version"]


def builder(name: str) -> Argv:
    """Tell what a builder is and which platforms it runs; fails where there is none."""
    return ["docker", "buildx", "inspect", name]


def cache(name: str) -> Argv:
    """List the records of a builder's cache, with the time when each was made."""
    return ["docker", "buildx", "du", f"--builder={name}", "--verbose"]
