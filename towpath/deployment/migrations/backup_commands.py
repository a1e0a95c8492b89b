"""The command that backs up a database. Pure: an argv list only."""

from __future__ import annotations

Argv = list[str]


def dump(file: str) -> Argv:
    """Dump the database of this container to a file, in PostgreSQL's custom format."""
    return ["pg_dump", "--username=dashboard", "--format=custom", f"--file={file}", "dashboard"]
