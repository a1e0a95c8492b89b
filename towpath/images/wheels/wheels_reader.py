"""Which dependencies have no wheel for a platform, and which hashes their pins have. Pure.

Sources: PEP 751 (`pylock.toml`), PEP 425 and PEP 600 (tags of wheels), pip's requirements file
format (hashes).
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from packaging.markers import (
    InvalidMarker,
    Marker,
    UndefinedComparison,
    UndefinedEnvironmentName,
)
from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import (
    InvalidWheelFilename,
    canonicalize_name,
    canonicalize_version,
    parse_wheel_filename,
)
from packaging.version import Version

from towpath.core import references as images
from towpath.core.errors import NothingToJudgeError

MACHINES = {images.architecture(name): machine for name, machine in images.MACHINES.items()}
# The newest C library that uv asks for where it installs for another Linux.
NEWEST_GLIBC = 28
OLDEST_GLIBC = 5

# A pin is known by its normalized name and version: markers may choose among versions of a name.
Pinned = tuple[str, str]

_PIN = re.compile(
    r"^(?P<name>[\w.-]+)(?:\s*\[[^\]\n]*\])?\s*==\s*(?P<version>[^\s;\\#]+)"
    r"(?:[ \t]*;(?P<marker>(?:(?!--hash| #)[^\n\\])*))?(?:[^\n\\]|\\\n|\\[^\n])*\\?$",
    re.M | re.A,
)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_HASHES = re.compile(r"(?:\s*\\\n)?\s*--hash=\w+:[0-9a-fA-F]+")
# The name of a file, and nothing that leads to another directory.
_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+!-]{0,250}\.whl")


@dataclass(frozen=True, order=True)
class WheelSource:
    """A dependency that there is only in source; `sha256` is its archive's, as the pin has it."""

    name: str
    version: str
    sha256: str


def without_wheel(
    lock: str, requirements: str, python: str, architecture: str
) -> list[WheelSource]:
    """Return which pins have no wheel for this Python and architecture on Linux.

    `lock` is the `pylock.toml` of these requirements, `python` a version such as 3.13. Only files
    whose hash is among those of the pin count. Raises NothingToJudgeError for a lock that cannot
    be read, or one that does not know a pin, or has no file for it.
    """
    wanted, tags = _wanted(requirements, python, architecture), set(_tags(python, architecture))
    known = _known(_packages(lock), wanted)
    found = []
    for pin, allowed in wanted.items():
        rows = [row for row in known[pin] if _is_for(row, python, architecture)]
        if rows and not any(_has_wheel(row, allowed, tags) for row in rows):
            found.append(_source(pin, rows[0], allowed, architecture))
    return sorted(found)


def pins(requirements: str) -> dict[Pinned, frozenset[str]]:
    """Return the sha256 hashes that each pin of a requirements file allows."""
    found: dict[Pinned, frozenset[str]] = {}
    for match in _PIN.finditer(_lines(requirements)):
        key = pinned(match["name"], match["version"])
        found[key] = found.get(key, frozenset()) | frozenset(_HASH.findall(match[0]))
    return found


def pinned(name: str, version: str) -> Pinned:
    """Return what a pin is known by; a version that is none is known by its letters."""
    try:
        return canonicalize_name(name), canonicalize_version(version)
    except ValueError:
        # More digits than Python reads.
        return canonicalize_name(name), version


def digest(hashes: frozenset[str]) -> str:
    """Return what stands for all hashes that a pin allows: another set is another pin."""
    return hashlib.sha256(" ".join(sorted(hashes)).encode()).hexdigest()


def with_made(requirements: str, made: Mapping[Pinned, str]) -> str:
    """Return requirements in which the pins of `made` allow that sha256 alone."""

    def pin(match: re.Match[str]) -> str:
        sha256 = made.get(pinned(match["name"], match["version"]))
        if sha256 is None:
            return match[0]
        return f"{_HASHES.sub('', match[0])} --hash=sha256:{sha256}"

    return _PIN.sub(pin, _lines(requirements))


def _lines(requirements: str) -> str:
    return requirements.removeprefix("\ufeff").replace("\r\n", "\n")


def _wanted(requirements: str, python: str, architecture: str) -> dict[Pinned, frozenset[str]]:
    """Return the pins that are installed there, by their own markers."""
    found = pins(requirements)
    markers: dict[Pinned, list[str]] = {}
    for match in _PIN.finditer(_lines(requirements)):
        key = pinned(match["name"], match["version"])
        markers.setdefault(key, []).append((match["marker"] or "").strip())
    return {
        key: hashes
        for key, hashes in found.items()
        if any(_is_met(text, key[0], python, architecture) for text in markers[key])
    }


def is_pure(filename: str) -> bool:
    """Tell whether a wheel is for every machine; raises NothingToJudgeError if it is no wheel."""
    return all(tag.platform == "any" and tag.abi == "none" for tag in tags_of(filename))


def name_of(filename: str) -> tuple[str, Version]:
    """Return name and version that the file name of a wheel says.

    Raises NothingToJudgeError for what is no name of a wheel, or leads to another directory.
    """
    return _parsed(filename)[:2]


def tags_of(filename: str) -> frozenset[Tag]:
    """Return the tags in the file name of a wheel; raises NothingToJudgeError if it is no wheel."""
    return _parsed(filename)[2]


def is_compatible(filename: str, python: str, architecture: str) -> bool:
    """Tell whether a wheel's name says that it can be installed there.

    Raises NothingToJudgeError for what is no name of a wheel.
    """
    machine = MACHINES[architecture]
    tags = tags_of(filename)
    return all(tag.platform == "any" or tag.platform.endswith(f"_{machine}") for tag in tags) and (
        not tags.isdisjoint(_tags(python, architecture))
    )


def _parsed(filename: str) -> tuple[str, Version, frozenset[Tag]]:
    try:
        name, version, _, tags = parse_wheel_filename(filename)
    except (InvalidWheelFilename, ValueError) as error:
        raise NothingToJudgeError(f"{filename[:120]!r} is not the name of a wheel.") from error
    if not _FILE.fullmatch(filename):
        raise NothingToJudgeError(f"{filename[:120]!r} is not the name of a wheel.")
    return name, version, tags


def _tags(python: str, architecture: str) -> Iterator[Tag]:
    machine = MACHINES[architecture]
    platforms = [
        *(f"manylinux_2_{minor}_{machine}" for minor in range(NEWEST_GLIBC, OLDEST_GLIBC - 1, -1)),
        *(f"{name}_{machine}" for name in ("manylinux2014", "manylinux2010", "manylinux1")),
        f"linux_{machine}",
    ]
    version = tuple(int(part) for part in python.split("."))
    yield from cpython_tags(version, platforms=platforms)
    yield from compatible_tags(version, f"cp{python.replace('.', '')}", platforms)


def _packages(lock: str) -> list[dict[str, Any]]:
    try:
        rows = tomllib.loads(lock)["packages"]
    except (ValueError, KeyError, RecursionError) as error:
        raise NothingToJudgeError("The lock of the requirements cannot be read.") from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise NothingToJudgeError("The lock of the requirements has no list of packages.")
    return rows


def _known(
    packages: list[dict[str, Any]], wanted: Iterable[Pinned]
) -> dict[Pinned, list[dict[str, Any]]]:
    """Return what the lock says of each pin; raises NothingToJudgeError if one is not in it."""
    known = {pin: [row for row in packages if _is_of(row, pin)] for pin in wanted}
    if unknown := {name for (name, _), rows in known.items() if not rows}:
        raise NothingToJudgeError(f"Nothing is known of the files of {', '.join(sorted(unknown))}.")
    return known


def _source(
    pin: Pinned, package: Mapping[str, Any], allowed: frozenset[str], architecture: str
) -> WheelSource:
    """Return the source of a pin without a wheel; raises NothingToJudgeError if it is another."""
    name, version = pin
    sdist = _sha256(package.get("sdist"))
    if sdist not in allowed:
        raise NothingToJudgeError(
            f"{name} has neither a wheel for {architecture} nor a source that its pin allows.",
            next_step="Compile the requirements anew, or take another version.",
        )
    return WheelSource(name, str(package.get("version") or version), sdist)


def _is_of(package: Mapping[str, Any], pin: Pinned) -> bool:
    """Tell whether a row of the lock speaks of a pin; one without a version speaks of each."""
    name, version = str(package.get("name", "")), str(package.get("version") or pin[1])
    return pinned(name, version) == pin


def _is_for(package: Mapping[str, Any], python: str, architecture: str) -> bool:
    """Tell whether a package is installed there at all."""
    marker = package.get("marker") or ""
    return _is_met(str(marker), str(package.get("name")), python, architecture)


def _is_met(text: str, name: str, python: str, architecture: str) -> bool:
    """Tell whether a marker is met there; raises NothingToJudgeError for one that is none."""
    there = {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "os_name": "posix",
        "platform_machine": MACHINES[architecture],
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }
    try:
        return not text or Marker(text).evaluate(there)
    except (InvalidMarker, UndefinedComparison, UndefinedEnvironmentName) as error:
        raise NothingToJudgeError(f"{name} has a marker that is none.") from error


def _has_wheel(package: Mapping[str, Any], allowed: frozenset[str], tags: set[Tag]) -> bool:
    rows = package.get("wheels") or ()
    if not isinstance(rows, list | tuple) or not all(isinstance(row, dict) for row in rows):
        raise NothingToJudgeError(f"The lock's wheels of {package.get('name')} are no list.")
    mine = [row for row in rows if _sha256(row) in allowed]
    return any(tags_of(_filename(row)) & tags for row in mine)


def _filename(row: Mapping[str, Any]) -> str:
    place = str(row.get("name") or row.get("url") or row.get("path") or "")
    return unquote(place.rpartition("/")[2])


def _sha256(row: Any) -> str:
    """Return the hash of a file of the lock; empty where it has none."""
    hashes = row.get("hashes") if isinstance(row, dict) else None
    return str(hashes.get("sha256", "")) if isinstance(hashes, dict) else ""
