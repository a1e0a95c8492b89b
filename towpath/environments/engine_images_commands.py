"""Commands for the engine's images. Pure: argv lists only."""

from __future__ import annotations

Argv = list[str]


def listed(repository: str) -> Argv:
    """Ask for every image of one repository, with its digests, a JSON object a line."""
    return [
        *("docker", "image", "ls", "--all", "--digests", "--no-trunc"),
        *("--format=json", f"--filter=reference={repository}"),
    ]


def remove(name: str) -> Argv:
    """Remove one name of an image; the engine refuses if a container uses it."""
    return ["docker", "image", "rm", name]
