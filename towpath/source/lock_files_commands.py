"""The command lines of the tools that write lock files: export one, and check one. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

Argv = list[str]
UV, POETRY, PDM, PIPENV = "uv", "poetry", "pdm", "pipenv"
# What each says of a lock file that is not that of its project any more; any other error is one.
OUT_OF_DATE: Mapping[str, str] = {
    UV: "needs to be updated",
    POETRY: "changed significantly",
    PDM: "match",
    PIPENV: "out-of-date",
}
# Lock files, and the tool that each is read by; the surest first.
TOOLS: Mapping[str, str] = {
    "uv.lock": UV,
    "poetry.lock": POETRY,
    "pdm.lock": PDM,
    "Pipfile.lock": PIPENV,
}


@dataclass(frozen=True)
class Selection:
    """What of a lock file is exported: groups and extras; with `production` none else."""

    groups: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    production: bool = False


def tool_of(file: str) -> str:
    """Return the tool that wrote a lock file; empty for any other file."""
    return TOOLS.get(PurePosixPath(file).name, "")


def export(programs: Mapping[str, str], file: str, selection: Selection, to: str) -> Argv:
    """Return the command that writes a lock file as requirements; empty for what needs none.

    `programs` are the tools by name, and `python`, which has uv as a module. Pipenv writes to
    standard output. A tool that finds its lock file out of date ends with an error.
    """
    tool, folder = tool_of(file), PurePosixPath(file).parent.as_posix()
    if tool == UV:
        return _uv(programs["python"], folder, selection, to)
    if tool == POETRY:
        return _poetry(programs[POETRY], folder, selection, to)
    if tool == PDM:
        of_production = ["--prod"] if selection.production else []
        groups = _each("--group", (*selection.groups, *selection.extras))
        command = [programs[PDM], "export", f"--project={folder}", *of_production, *groups]
        return [*command, f"--output={to}"]
    if tool == PIPENV:
        development = [] if selection.production else ["--dev"]
        return [programs[PIPENV], "requirements", *development, "--hash"]
    return []


def check(programs: Mapping[str, str], file: str) -> Argv:
    """Return the command that fails if a lock file is not that of its project any more."""
    tool, folder = tool_of(file), PurePosixPath(file).parent.as_posix()
    if tool == UV:
        return [programs["python"], "-m", "uv", "lock", "--check", f"--directory={folder}"]
    if tool == POETRY:
        return [programs[POETRY], f"--directory={folder}", "check", "--lock", "--no-interaction"]
    if tool == PDM:
        return [programs[PDM], "lock", "--check", f"--project={folder}"]
    return [programs[PIPENV], "verify"]


def _uv(python: str, folder: str, selection: Selection, to: str) -> Argv:
    command = [python, "-m", "uv", "export", "--frozen", "--format=requirements-txt", "--quiet"]
    # In production another member of the workspace is a dependency like any other.
    own = ["--no-emit-project", "--no-default-groups"] if selection.production else []
    command += own or ["--no-emit-workspace"]
    rows = [*_each("--extra", selection.extras), *_each("--group", selection.groups)]
    return [*command, "--no-header", "--no-annotate", f"--directory={folder}", *rows] + [
        f"--output-file={to}"
    ]


def _poetry(program: str, folder: str, selection: Selection, to: str) -> Argv:
    command = [program, f"--directory={folder}", "export", "--no-interaction"]
    groups = [f"--with={','.join(selection.groups)}"] if selection.groups else []
    if not groups and not selection.production:
        groups = ["--all-groups"]
    return [*command, *groups, *_each("--extras", selection.extras), f"--output={to}"]


def _each(option: str, values: Iterable[str]) -> list[str]:
    return [f"{option}={value}" for value in values]
