"""Which dependencies have no wheel for a platform, and which hashes their pins have. Pure.

Sources: PEP 751 (`pylock.toml`), PEP 425 and PEP 600 (tags of wheels), pip's requirements file
format (hashes).
"""

from __future__ import annotations

import re
import tomllib
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from packaging.markers import InvalidMarker, Marker
from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import (
    InvalidWheelFilename,
    NormalizedName,
    canonicalize_name,
    parse_wheel_filename,
)

from towpath import images
from towpath.errors import NothingToJudgeError
from towpath.readers import elf

MACHINES = {images.architecture(name): machine for name, machine in images.MACHINES.items()}
# The newest C library that uv asks for where it installs for another Linux.
NEWEST_GLIBC = 28
OLDEST_GLIBC = 5

_PIN = re.compile(r"^(?P<name>[\w.-]+)[^#\s]*==.*?[^\\]$", re.M | re.S)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_HASHES = re.compile(r"(?:\s*\\\n)?\s*--hash=sha256:[0-9a-f]{64}")


@dataclass(frozen=True, order=True)
class Source:
    """A dependency that there is only in source; `sha256` is its archive's, as the pin has it."""

    name: str
    version: str
    sha256: str


def without_wheel(lock: str, requirements: str, python: str, architecture: str) -> list[Source]:
    """Return which pins have no wheel for this Python and architecture on Linux.

    `lock` is the `pylock.toml` of these requirements, `python` a version such as 3.13. Only files
    whose hash is among those of the pin count. Raises NothingToJudgeError for a lock that cannot
    be read, or one that does not know a pin, or has no file for it.
    """
    wanted, tags = hashes(requirements), set(_tags(python, architecture))
    packages = {canonicalize_name(str(row.get("name", ""))): row for row in _packages(lock)}
    if unknown := wanted.keys() - packages.keys():
        raise NothingToJudgeError(f"Nothing is known of the files of {', '.join(sorted(unknown))}.")
    found = []
    for name, allowed in wanted.items():
        package = packages[name]
        if not _is_for(package, python, architecture) or _has_wheel(package, allowed, tags):
            continue
        sdist = _sha256(package.get("sdist") or {})
        if sdist not in allowed:
            raise NothingToJudgeError(
                f"{name} has neither a wheel for {architecture} nor a source that its pin allows.",
                next_step="Compile the requirements anew, or take another version.",
            )
        found.append(Source(name, str(package.get("version", "")), sdist))
    return sorted(found)


def hashes(requirements: str) -> dict[NormalizedName, set[str]]:
    """Return the hashes that each pin of a requirements file allows."""
    return {
        canonicalize_name(match["name"]): set(_HASH.findall(match[0]))
        for match in _PIN.finditer(requirements)
    }


def with_made(requirements: str, made: Mapping[str, str]) -> str:
    """Return requirements in which the pins of `made` allow that sha256 alone; keys are names."""

    def pin(match: re.Match[str]) -> str:
        sha256 = made.get(canonicalize_name(match["name"]))
        if sha256 is None:
            return match[0]
        return f"{_HASHES.sub('', match[0])} --hash=sha256:{sha256}"

    return _PIN.sub(pin, requirements)


def is_pure(filename: str) -> bool:
    """Tell whether a wheel is for every machine; raises NothingToJudgeError if it is no wheel."""
    return all(tag.platform == "any" and tag.abi == "none" for tag in _of(filename))


def misfits(filename: str, wheel: zipfile.ZipFile, platform: str) -> list[str]:
    """Return what makes a wheel unfit for a platform such as linux/arm64: its name, or files in it.

    A wheel that says it is for every machine and has a program in it fits none. Raises
    NothingToJudgeError for what is no wheel.
    """
    pure = is_pure(filename)
    machine = images.MACHINES[platform]
    named = pure or any(tag.platform.endswith(("any", f"_{machine}")) for tag in _of(filename))
    programs = _programs(filename, wheel)
    if pure:
        strange = [name for names in programs.values() for name in names]
    else:
        strange = elf.strangers(platform, [programs])
    return [*strange, *(() if named else (filename,))]


def _programs(filename: str, wheel: zipfile.ZipFile) -> elf.Machines:
    """Return the ELF files of a wheel, keyed by machine."""
    found: elf.Machines = {}
    try:
        for name in wheel.namelist():
            with wheel.open(name) as stream:
                number = elf.machine(stream.read(elf.HEADER))
            if number is not None:
                found.setdefault(number, []).append(name)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, zlib.error) as error:
        raise NothingToJudgeError(f"{filename} cannot be read.", why=str(error)) from error
    return found


def _of(filename: str) -> frozenset[Tag]:
    try:
        return parse_wheel_filename(filename)[3]
    except InvalidWheelFilename as error:
        raise NothingToJudgeError(f"{filename!r} is not the name of a wheel.") from error


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
    except (tomllib.TOMLDecodeError, KeyError) as error:
        raise NothingToJudgeError("The lock of the requirements cannot be read.") from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise NothingToJudgeError("The lock of the requirements has no list of packages.")
    return rows


def _is_for(package: Mapping[str, Any], python: str, architecture: str) -> bool:
    """Tell whether a package is installed there at all."""
    try:
        marker = Marker(package["marker"]) if package.get("marker") else None
    except InvalidMarker as error:
        raise NothingToJudgeError(f"{package.get('name')} has a marker that is none.") from error
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
    return marker is None or marker.evaluate(there)


def _has_wheel(package: Mapping[str, Any], allowed: set[str], tags: set[Tag]) -> bool:
    rows = [row for row in package.get("wheels") or () if _sha256(row) in allowed]
    return any(_of(_filename(row)) & tags for row in rows)


def _filename(row: Mapping[str, Any]) -> str:
    place = str(row.get("name") or row.get("url") or row.get("path") or "")
    return unquote(place.rpartition("/")[2])


def _sha256(row: Mapping[str, Any]) -> str:
    return str((row.get("hashes") or {}).get("sha256", ""))
