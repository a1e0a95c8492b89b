"""Find dependencies without a wheel for a platform, and read the hashes of pins. Pure.

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
# The newest minor version of glibc 2 that uv assumes when it installs for another Linux.
NEWEST_GLIBC = 28
OLDEST_GLIBC = 5

# The normalized name and version of a pin: markers may choose among versions of a name.
Pinned = tuple[str, str]

_PIN = re.compile(
    r"^(?P<name>[\w.-]+)(?:\s*\[[^\]\n]*\])?\s*==\s*(?P<version>[^\s;\\#]+)"
    r"(?:[ \t]*;(?P<marker>(?:(?!--hash| #)[^\n\\])*))?(?:[^\n\\]|\\\n|\\[^\n])*\\?$",
    re.M | re.A,
)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_HASHES = re.compile(r"(?:\s*\\\n)?\s*--hash=\w+:[0-9a-fA-F]+")
# A file name without a path.
_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+!-]{0,250}\.whl")


@dataclass(frozen=True, order=True)
class WheelSource:
    """A dependency that exists as source only; `sha256` is that of its archive, as pinned."""

    name: str
    version: str
    sha256: str


def without_wheel(
    lock: str, requirements: str, python: str, architecture: str
) -> list[WheelSource]:
    """Return the pins without a wheel for this Python and architecture on Linux.

    `lock` is the `pylock.toml` of these requirements, `python` a version such as 3.13. Only files
    whose hash is pinned count. Raises NothingToJudgeError for an unreadable lock file, or one
    without a pin or its files.
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
    """Return the key of a pin; an invalid version is used as it is written."""
    try:
        return canonicalize_name(name), canonicalize_version(version)
    except ValueError:
        # More digits than Python converts to an integer.
        return canonicalize_name(name), version


def digest(hashes: frozenset[str]) -> str:
    """Return one hash of all hashes that a pin allows."""
    return hashlib.sha256(" ".join(sorted(hashes)).encode()).hexdigest()


def with_made(requirements: str, made: Mapping[Pinned, str]) -> str:
    """Return requirements in which the pins of `made` allow only the sha256 given there."""

    def pin(match: re.Match[str]) -> str:
        sha256 = made.get(pinned(match["name"], match["version"]))
        if sha256 is None:
            return match[0]
        return f"{_HASHES.sub('', match[0])} --hash=sha256:{sha256}"

    return _PIN.sub(pin, _lines(requirements))


def _lines(requirements: str) -> str:
    return requirements.removeprefix("\ufeff").replace("\r\n", "\n")


def _wanted(requirements: str, python: str, architecture: str) -> dict[Pinned, frozenset[str]]:
    """Return the pins whose markers apply to this Python and architecture."""
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
    """Tell whether a wheel is for every machine; raises NothingToJudgeError for an invalid name."""
    return all(tag.platform == "any" and tag.abi == "none" for tag in tags_of(filename))


def name_of(filename: str) -> tuple[str, Version]:
    """Return the name and version in the file name of a wheel.

    Raises NothingToJudgeError for an invalid name, also one with a path.
    """
    return _parsed(filename)[:2]


def tags_of(filename: str) -> frozenset[Tag]:
    """Return the tags in the file name of a wheel; raises NothingToJudgeError if it is invalid."""
    return _parsed(filename)[2]


def is_compatible(filename: str, python: str, architecture: str) -> bool:
    """Tell whether a wheel can be installed there, according to its file name.

    Raises NothingToJudgeError for an invalid file name.
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
        raise NothingToJudgeError(f"Invalid wheel file name: {filename[:120]!r}.") from error
    if not _FILE.fullmatch(filename):
        raise NothingToJudgeError(f"Invalid wheel file name: {filename[:120]!r}.")
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
        raise NothingToJudgeError("Cannot read pylock.toml.") from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise NothingToJudgeError("Unexpected format of pylock.toml: 'packages' is not a list.")
    return rows


def _known(
    packages: list[dict[str, Any]], wanted: Iterable[Pinned]
) -> dict[Pinned, list[dict[str, Any]]]:
    """Return the lock file's packages of each pin; raises NothingToJudgeError if one has none."""
    known = {pin: [row for row in packages if _is_of(row, pin)] for pin in wanted}
    if unknown := {name for (name, _), rows in known.items() if not rows}:
        raise NothingToJudgeError(f"pylock.toml has no entry for {', '.join(sorted(unknown))}.")
    return known


def _source(
    pin: Pinned, package: Mapping[str, Any], allowed: frozenset[str], architecture: str
) -> WheelSource:
    """Return the source of a pin without a wheel; raises NothingToJudgeError if not pinned."""
    name, version = pin
    sdist = _sha256(package.get("sdist"))
    if sdist not in allowed:
        raise NothingToJudgeError(
            f"{name} has neither a wheel for {architecture} nor a source archive with a pinned"
            " hash.",
            next_step="Compile the requirements again, or pin another version.",
        )
    return WheelSource(name, str(package.get("version") or version), sdist)


def _is_of(package: Mapping[str, Any], pin: Pinned) -> bool:
    """Tell whether a package of the lock file is that of a pin; without a version, any matches."""
    name, version = str(package.get("name", "")), str(package.get("version") or pin[1])
    return pinned(name, version) == pin


def _is_for(package: Mapping[str, Any], python: str, architecture: str) -> bool:
    """Tell whether the marker of a package applies to this Python and architecture."""
    marker = package.get("marker") or ""
    return _is_met(str(marker), str(package.get("name")), python, architecture)


def _is_met(text: str, name: str, python: str, architecture: str) -> bool:
    """Tell whether a marker applies; raises NothingToJudgeError for an invalid one."""
    values = {
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
        return not text or Marker(text).evaluate(values)
    except (InvalidMarker, UndefinedComparison, UndefinedEnvironmentName) as error:
        raise NothingToJudgeError(f"{name} has an invalid environment marker.") from error


def _has_wheel(package: Mapping[str, Any], allowed: frozenset[str], tags: set[Tag]) -> bool:
    rows = package.get("wheels") or ()
    if not isinstance(rows, list | tuple) or not all(isinstance(row, dict) for row in rows):
        raise NothingToJudgeError(
            f"Unexpected format of pylock.toml: the wheels of {package.get('name')} are not a list."
        )
    mine = [row for row in rows if _sha256(row) in allowed]
    return any(tags_of(_filename(row)) & tags for row in mine)


def _filename(row: Mapping[str, Any]) -> str:
    location = str(row.get("name") or row.get("url") or row.get("path") or "")
    return unquote(location.rpartition("/")[2])


def _sha256(row: Any) -> str:
    """Return the sha256 of a file in the lock file; empty without one."""
    hashes = row.get("hashes") if isinstance(row, dict) else None
    return str(hashes.get("sha256", "")) if isinstance(hashes, dict) else ""
