"""Cache the results of linters: results of unchanged files are reused.

A linter that judges each file on its own has a result for each file; any other has one for all
files together. A result is a list of findings, often an empty one; a missing verdict is never
cached. There is one file for each linter below reports/cache; a damaged one counts as empty.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

import towpath
from towpath.checks.lint import linters_commands as linters
from towpath.checks.lint.linters_commands import Linter
from towpath.checks.tool_versions import site_packages
from towpath.config import Config
from towpath.core import environment
from towpath.core.files import file_hash, write_atomically
from towpath.core.inputs import ignored
from towpath.core.redaction import SECRETS
from towpath.source.files import FileList

Answer = list[dict[str, Any]]
Answers = dict[str, Answer]

# How many states of a file are cached: enough to switch between branches.
STATES = 4
# The key of a result about all files together.
TOGETHER = ""


class LintCache:
    """The cached results at the start of a check, and its new ones; one for each run of a check."""

    def __init__(self, config: Config, snapshot: FileList, *, fresh: bool = False) -> None:
        """Take the files at the start of the check; with `fresh`, cached results are ignored."""
        self._config = config
        self._snapshot = snapshot
        self._fresh = fresh
        self._learnt: dict[str, tuple[Linter, str, Sequence[str], Answers]] = {}
        self._used: dict[str, list[str]] = {}

    def cached(self, tool: Linter, version: str, files: Sequence[str]) -> Answers:
        """Return the cached results that are still valid for these files, by file."""
        if self._fresh:
            return {}
        asked = keys(self._config, self._snapshot, tool, version, files)
        stored = _load(self._file(tool.name))
        valid = {file: stored[key] for file, key in asked.items() if key in stored}
        self._used[tool.name] = [asked[file] for file in valid]
        return valid

    def learn(self, tool: Linter, version: str, files: Sequence[str], answers: Answers) -> None:
        """Add new results, by file; `settle` writes them at the end of the check."""
        self._learnt[tool.name] = (tool, version, files, answers)

    def settle(self, after: FileList) -> None:
        """Write the new results of files that did not change during the check.

        `after` are the files at the end. Of two runs at the same time, one may overwrite the other.
        """
        for name, (tool, version, files, answers) in self._learnt.items():
            before = keys(self._config, self._snapshot, tool, version, files)
            there = [file for file in files if file in after.about]
            now = keys(self._config, after, tool, version, there)
            new = {
                before[file]: answer
                for file, answer in answers.items()
                if before[file] == now.get(file)
            }
            _save(self._file(name), new, self._used.get(name, ()))

    def _file(self, name: str) -> Path:
        return self._config.reports / "cache" / "lint" / f"{name}.json"


def keys(
    config: Config, snapshot: FileList, tool: Linter, version: str, files: Sequence[str]
) -> dict[str, str]:
    """Return for each file, or for all TOGETHER, a hash of everything that the result depends on.

    That is the command line of the linter, its version and the installed packages, the interpreter,
    the settings files, our code that reads its output, and the files that it reads.
    """
    inputs = [
        *(tool.name, version, platform.python_version(), platform.machine()),
        *(os.path.realpath(config.tool_python), installed(site_packages(config.tool_python))),
        our_code(*(("**",) if tool.module == towpath.__name__ else READING)),
        tool.argv("python", ()),
        sorted(tool.variables),
        snapshot.entries(file for file in snapshot.files if tool.depends_on(file)),
        # isort finds out on disk which modules are first-party.
        sorted({PurePath(file).parts[0] for file in snapshot.files if file.endswith(".py")}),
    ]
    if tool.apart:
        common = _hash(inputs)
        return {file: _hash([common, file, snapshot.about[file]]) for file in files}
    read = snapshot.entries([*files, *_read_besides(config, snapshot, tool, files)])
    return {TOGETHER: _hash([*inputs, list(files), read, _surroundings(config)])}


def _read_besides(
    config: Config, snapshot: FileList, tool: Linter, files: Sequence[str]
) -> Iterable[str]:
    """Return the files that a linter may read besides its arguments.

    A linter of Python may import any file that lint does not ignore; a linter of other files may
    read those in the same top directory.
    """
    if tool.reads in linters.PYTHON:
        return set(snapshot.files) - set(ignored(snapshot.files, config.ignored.get("lint", ())))
    tops = tuple(f"{PurePath(file).parts[0]}/" for file in files if PurePath(file).parts[1:])
    return (file for file in snapshot.files if file.startswith(tops))


def _surroundings(config: Config) -> list[tuple[str, str]]:
    """Return the environment variables that a linter can read."""
    passed = config.variables.get("lint", ())
    names = ("PATH", "DOCKER_*", *environment.LOCALE, *passed)
    seen = environment.chosen(config.env, names) | environment.settings(config.env)
    return sorted(seen.items())


@functools.cache
def installed(packages: str) -> str:
    """Return a hash of the names and versions of the packages in a directory."""
    names = sorted(name for name in os.listdir(packages) if name.endswith(".dist-info"))
    return _hash(names)


# Our code that starts linters and reads what they say.
READING = ("checks/lint", "checks/lint/readers", "checks/tools", "core")


@functools.cache
def our_code(*rooms: str) -> str:
    """Return the hash of our own code in some rooms: what starts linters and reads what they say.

    All of it can decide what a linter says that is our own.
    """
    places = [Path(place) for place in towpath.__path__]
    found = {
        file
        for place in places
        for room in rooms
        for ending in ("py", "cfg")
        for file in place.glob(f"{room}/*.{ending}")
    }
    return _hash([(str(file), file_hash(file)) for file in sorted(found)])


def _hash(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()


def _load(file: Path) -> Answers:
    """Return the cached results of a file, by key; none if its checksum does not match."""
    try:
        digest, _, body = file.read_bytes().partition(b"\n")
        if hashlib.sha256(body).hexdigest().encode() != digest:
            return {}
        answers: Answers = json.loads(body)
    except (OSError, ValueError):
        return {}
    return answers


def _save(file: Path, new: Mapping[str, Answer], used: Iterable[str]) -> None:
    """Add results to a file: the most recently used come last, and the first are dropped."""
    stored = _load(file)
    current = {key: stored[key] for key in used if key in stored} | dict(new)
    if not new:
        return
    older = {key: answer for key, answer in stored.items() if key not in current}
    room = max(0, (STATES - 1) * len(current))
    kept = dict(list(older.items())[-room:] if room else []) | current
    body = json.dumps(SECRETS.document(kept), separators=(",", ":")).encode()
    write_atomically(file, hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
