"""What linters said, kept by all that it depends on, and told again while nothing of that changed.

A linter that judges files apart has an answer for each file; any other has one for all of them
together. An answer is a list of findings, often an empty one; "no answer" is never kept. There is
one store for each linter below reports/cache; one that is missing or spoilt is empty.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import platform
import sys
import sysconfig
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

import towpath
from towpath.checks.lint import linters_commands as linters
from towpath.checks.lint.linters_commands import Linter
from towpath.config import Config
from towpath.core import environment
from towpath.core.files import file_hash, write_atomically
from towpath.core.inputs import ignored
from towpath.core.redaction import SECRETS
from towpath.source.files import FileList

Answer = list[dict[str, Any]]
Answers = dict[str, Answer]

# Answers about other states of a file, for each that counts now: enough to go between branches.
STATES = 4
# The name of the one answer about all files together.
TOGETHER = ""


class LintCache:
    """What was known when a check began, and what it learns; one for each run of a check."""

    def __init__(self, config: Config, found: FileList, *, fresh: bool = False) -> None:
        """Take the files as they are when the check begins; with `fresh` nothing is known."""
        self._config = config
        self._found = found
        self._fresh = fresh
        self._learnt: dict[str, tuple[Linter, str, Sequence[str], Answers]] = {}
        self._used: dict[str, list[str]] = {}

    def known(self, tool: Linter, version: str, given: Sequence[str]) -> Answers:
        """Return the answers that still hold for these files, by file."""
        if self._fresh:
            return {}
        asked = keys(self._config, self._found, tool, version, given)
        stored = _load(self._place(tool.name))
        held = {file: stored[key] for file, key in asked.items() if key in stored}
        self._used[tool.name] = [asked[file] for file in held]
        return held

    def learn(self, tool: Linter, version: str, given: Sequence[str], answers: Answers) -> None:
        """Take new answers, by file; they are kept when the check is over."""
        self._learnt[tool.name] = (tool, version, given, answers)

    def settle(self, after: FileList) -> None:
        """Keep what was learnt of that which did not change while the check ran.

        `after` are the files as they are now. Two runs at once leave the answers of one of them.
        """
        for name, (tool, version, given, answers) in self._learnt.items():
            before = keys(self._config, self._found, tool, version, given)
            there = [file for file in given if file in after.about]
            now = keys(self._config, after, tool, version, there)
            new = {
                before[file]: answer
                for file, answer in answers.items()
                if before[file] == now.get(file)
            }
            _save(self._place(name), new, self._used.get(name, ()))

    def _place(self, name: str) -> Path:
        return self._config.reports / "cache" / "lint" / f"{name}.json"


def keys(
    config: Config, found: FileList, tool: Linter, version: str, given: Sequence[str]
) -> dict[str, str]:
    """Return for each file, or for all TOGETHER, the hash of all that the answer depends on.

    That is how the linter is started, itself and what is installed beside it, the interpreter, the
    files that hold its settings, our reading of it, and what it reads.
    """
    ground = [
        *(tool.name, version, platform.python_version(), platform.machine(), installed()),
        our_code(*(("**",) if tool.module == towpath.__name__ else READING)),
        tool.argv(sys.executable, ()),
        sorted(tool.variables),
        found.entries(file for file in found.files if tool.depends_on(file)),
        # Which modules are ours is asked of the disk.
        sorted({PurePath(file).parts[0] for file in found.files if file.endswith(".py")}),
    ]
    if tool.apart:
        common = _hash(ground)
        return {file: _hash([common, file, found.about[file]]) for file in given}
    read = found.entries([*given, *_read_besides(config, found, tool, given)])
    return {TOGETHER: _hash([*ground, list(given), read, _surroundings(config)])}


def _read_besides(
    config: Config, found: FileList, tool: Linter, given: Sequence[str]
) -> Iterable[str]:
    """Return what a linter that judges files together may read besides those that it is given.

    One of Python may import, and Django may load, anything that lint does not ignore; one of other
    files may look at their neighbours.
    """
    if tool.reads in linters.PYTHON:
        return set(found.files) - set(ignored(found.files, config.ignored.get("lint", ())))
    tops = tuple(f"{PurePath(file).parts[0]}/" for file in given if PurePath(file).parts[1:])
    return (file for file in found.files if file.startswith(tops))


def _surroundings(config: Config) -> list[tuple[str, str]]:
    """Return the variables that a linter sees, or one of our own reads."""
    passed = config.variables.get("lint", ())
    names = ("PATH", "DOCKER_*", *environment.LOCALE, *passed)
    seen = environment.chosen(config.env, names) | environment.settings(config.env)
    return sorted(seen.items())


@functools.cache
def installed() -> str:
    """Return the hash of the names and versions of what is installed with this interpreter."""
    place = Path(sysconfig.get_path("purelib"))
    names = sorted(name for name in os.listdir(place) if name.endswith(".dist-info"))
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
    """Return a store's answers, by key; none if any letter of it is not as it was written."""
    try:
        digest, _, body = file.read_bytes().partition(b"\n")
        if hashlib.sha256(body).hexdigest().encode() != digest:
            return {}
        answers: Answers = json.loads(body)
    except (OSError, ValueError):
        return {}
    return answers


def _save(file: Path, new: Mapping[str, Answer], used: Iterable[str]) -> None:
    """Add answers to a store: the latest used come last, and the first go when it is full."""
    stored = _load(file)
    current = {key: stored[key] for key in used if key in stored} | dict(new)
    if not new:
        return
    older = {key: answer for key, answer in stored.items() if key not in current}
    room = max(0, (STATES - 1) * len(current))
    kept = dict(list(older.items())[-room:] if room else []) | current
    body = json.dumps(SECRETS.document(kept), separators=(",", ":")).encode()
    write_atomically(file, hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
