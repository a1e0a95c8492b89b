"""The command lines of linters that a project brings itself. Pure: argv lists only."""

from __future__ import annotations

from collections.abc import Iterable

Argv = list[str]
# Settings exclude files also where these are named one by one; nothing is written.
_RUFF = ("--force-exclude", "--no-cache")


def ruff_files(program: str, files: Iterable[str]) -> Argv:
    """List the files that ruff looks at."""
    return [program, "check", "--show-files", *_RUFF, "--", *files]


def ruff_check(program: str, files: Iterable[str]) -> Argv:
    """Check files by the project's rules."""
    return [program, "check", "--no-fix", "--output-format=json", *_RUFF, "--", *files]


def ruff_format(program: str, files: Iterable[str]) -> Argv:
    """Show how ruff would format files."""
    return [program, "format", "--diff", *_RUFF, "--", *files]


def pyright(program: str, python: str) -> Argv:
    """Check types by the project's settings, with what its environment has."""
    return [program, "--outputjson", f"--pythonpath={python}"]
