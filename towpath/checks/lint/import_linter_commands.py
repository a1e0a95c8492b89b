"""The command line of import-linter. Pure: argv lists and variables only."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath

from towpath.checks.lint.readers.import_linter import CONTRACTS

Argv = list[str]
# Columns: it breaks its lines where the terminal ends, and there is none.
WIDTH = 10_000


def check(python: str) -> Argv:
    """Check the contracts of the project in the current directory."""
    program = str(PurePath(python).with_name("lint-imports"))
    return [program, "--no-logo", "--no-cache", CONTRACTS]


def variables(folders: Iterable[PurePath]) -> dict[str, str]:
    """Return what it needs to find the packages in these folders, and to write plain lines."""
    path = ":".join(map(str, folders))
    return {"PYTHONPATH": path, "COLUMNS": str(WIDTH), "NO_COLOR": "1", "TERM": "dumb"}
