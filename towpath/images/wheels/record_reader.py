"""Read records of built wheels strictly, and compare them with the pins. Pure.

A record may come from a registry where others can write. An invalid record is refused entirely, and
the error names it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, NoReturn

from packaging.utils import canonicalize_name

from towpath.core import documents
from towpath.core import references as images
from towpath.core.errors import NothingToJudgeError
from towpath.images.wheels import wheels_reader as wheels
from towpath.images.wheels.wheels_reader import Pinned, WheelSource

# Limits: bytes of a record, wheels of a record, bytes of a wheel.
LARGEST = 1 << 20
MOST = 1000
LARGEST_WHEEL = 256 << 20
WAYS = ("pure", "native", "cross", "emulated")
LABELS = {"pure": "pure Python", "cross": "cross-compiled"}
REUSED = "reused, "
NEXT = (
    "Find out who wrote it, delete it, and build again; or stop using wheels from the registry: "
    'registry-wheels = "never" in [tool.towpath.image].'
)

_SHA256 = re.compile(r"[0-9a-f]{64}")
_DIGEST = re.compile(r"(?:sha256:[0-9a-f]{64})?")
_VERSION = re.compile(r"[A-Za-z0-9_.+!-]{1,200}")


@dataclass(frozen=True, order=True)
class Wheel:
    """A built wheel: of which package, for which platform, how, and in how many seconds.

    `how` is pure, native, cross or emulated, after "reused, " if an earlier build built it;
    `source` is the sha256 of its source archive, `size` is in bytes, `pinned` is a hash of the
    hashes of its pin, and `registry` is the repository that it came from, empty for this machine.
    """

    name: str
    version: str
    platform: str
    how: str
    seconds: float
    file: str
    sha256: str
    source: str = ""
    size: int = 0
    pinned: str = ""
    registry: str = ""

    @property
    def reused(self) -> Wheel:
        """The same wheel, marked as built earlier."""
        return replace(self, how=REUSED + self.how.removeprefix(REUSED))

    @property
    def pin(self) -> Pinned:
        """The pin that it serves."""
        return wheels.pinned(self.name, self.version)

    def as_dependency(self) -> dict[str, Any]:
        """Return the wheel as a dependency of a provenance (purl-spec, "pypi")."""
        origin = {"registry": self.registry} if self.registry else {}
        return {
            "uri": f"pkg:pypi/{self.name}@{self.version}?file_name={self.file}",
            "digest": {"sha256": self.sha256},
            "annotations": {
                "platform": self.platform,
                "made": self.how.removeprefix(REUSED),
                **origin,
            },
        }

    def __str__(self) -> str:
        how = LABELS.get(self.how.removeprefix(REUSED), self.how)
        text = f"{how}, built in {self.seconds:.1f} s"
        if self.how.startswith(REUSED):
            text = f"reused ({how}, originally built in {self.seconds:.1f} s)"
        origin = f", from {self.registry}" if self.registry else ""
        return f"{self.name} {self.version} for {self.platform}: {text}{origin}"


@dataclass(frozen=True)
class WheelRecord:
    """Wheels that were built for one base image; `base` is its digest.

    `where` names the record in errors; `registry` is the repository of the record, empty for one of
    this machine.
    """

    base: str
    wheels: tuple[Wheel, ...]
    where: str = ""
    registry: str = ""

    def encode(self) -> bytes:
        """Return the record as JSON with sorted keys."""
        body = {"base": self.base, "wheels": [asdict(row) for row in self.wheels]}
        return json.dumps(body, sort_keys=True).encode()


def read_wheel_record(content: bytes, where: str, registry: str = "") -> WheelRecord:
    """Return a record; `where` names it in errors, and `registry` is set on each wheel.

    Raises NothingToJudgeError for an invalid record: too large or too deep, a wrong type, other
    keys, an invalid wheel name, or two wheels for one pin.
    """
    document = _document(content, where)
    if set(document) != {"base", "wheels"}:
        _refuse(where, "Its keys are not exactly 'base' and 'wheels'.")
    base, rows = document["base"], document["wheels"]
    if not isinstance(base, str) or not _DIGEST.fullmatch(base):
        _refuse(where, "Its field 'base' is not a digest.")
    if not isinstance(rows, list) or len(rows) > MOST:
        _refuse(where, f"Its field 'wheels' is not a list of at most {MOST} items.")
    found = tuple(_wheel(row, where) for row in rows)
    _require_one_each(found, where)
    if registry:
        found = tuple(replace(row, registry=registry) for row in found)
    return WheelRecord(base, found, where, registry)


def _require_one_each(rows: Iterable[Wheel], where: str) -> None:
    """Raise NothingToJudgeError for two wheels of one source for one platform."""
    seen: set[tuple[Pinned, str, str]] = set()
    for row in rows:
        if (key := (row.pin, row.source, row.platform)) in seen:
            _refuse(where, f"It has two wheels of {row.name} {row.version} for {row.platform}.")
        seen.add(key)


def require_pinned(
    record: WheelRecord, pins: Mapping[Pinned, Collection[str]], python: str
) -> dict[WheelSource, list[str]]:
    """Return the sources and platforms of a record's wheels, all of which must be pinned.

    Raises NothingToJudgeError, naming the record, for a wheel whose name, version or source is not
    pinned, and for one whose file name is not for this Python or its platform.
    """
    found: dict[WheelSource, list[str]] = {}
    for row in record.wheels:
        if row.source not in pins.get(row.pin, ()):
            _refuse(
                record.where, f"{row.name} {row.version} with source {row.source} is not pinned."
            )
        if not wheels.is_compatible(row.file, python, images.architecture(row.platform)):
            _refuse(record.where, f"{row.file} is not for Python {python} on {row.platform}.")
        found.setdefault(WheelSource(*row.pin, row.source), []).append(row.platform)
    return found


def require_missing(record: WheelRecord, missing: Mapping[WheelSource, Collection[str]]) -> None:
    """Raise NothingToJudgeError if the index has a wheel for one of the record's pins."""
    if row := next(iter(_with_own(record, missing)), None):
        _refuse(
            record.where,
            f"The package index has a wheel of {row.name} {row.version} for {row.platform}.",
        )


def only_missing(
    record: WheelRecord, missing: Mapping[WheelSource, Collection[str]]
) -> WheelRecord:
    """Return a record without the wheels that the index has by now."""
    own = set(_with_own(record, missing))
    return replace(record, wheels=tuple(row for row in record.wheels if row not in own))


def _with_own(
    record: WheelRecord, missing: Mapping[WheelSource, Collection[str]]
) -> Iterable[Wheel]:
    wanted = {
        (wheels.pinned(source.name, source.version), source.sha256, platform)
        for source, platforms in missing.items()
        for platform in platforms
    }
    return [row for row in record.wheels if (row.pin, row.source, row.platform) not in wanted]


def _document(content: bytes, where: str) -> dict[str, Any]:
    if len(content) > LARGEST:
        _refuse(where, f"It is larger than {LARGEST} bytes.")
    try:
        found = documents.loads(content, LARGEST)
    except ValueError as error:
        _refuse(where, f"It is not valid JSON: {str(error)[:200]}")
    if not isinstance(found, dict):
        _refuse(where, "It is not a JSON object.")
    return found


def _wheel(row: Any, where: str) -> Wheel:
    """Return a wheel of a record after checking every field."""
    names = {column.name for column in fields(Wheel)}
    if not isinstance(row, dict) or set(row) != names:
        _refuse(where, "One of its wheels has missing or unknown keys.")
    texts = {name: row[name] for name in names - {"seconds", "size"}}
    if not all(isinstance(text, str) for text in texts.values()):
        _refuse(where, "One of its wheels has a value that should be a string.")
    if why := _wrong_number(row) or _wrong_text(row):
        _refuse(where, f"{row['file'][:120]!r}: {why}.")
    return Wheel(**row)


def _wrong_number(row: Mapping[str, Any]) -> str:
    size, seconds = row["size"], row["seconds"]
    if isinstance(size, bool) or not isinstance(size, int) or not 0 < size <= LARGEST_WHEEL:
        return f"its size is not between 1 and {LARGEST_WHEEL} bytes"
    good = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    if not good or not math.isfinite(seconds) or not 0 <= seconds < LARGEST:
        return "invalid value of 'seconds'"
    return ""


def _wrong_text(row: Mapping[str, str]) -> str:
    """Return what is wrong with a text field; empty if all are valid."""
    checks = {
        "name": canonicalize_name(row["name"]) == row["name"],
        "version": bool(_VERSION.fullmatch(row["version"])),
        "platform": row["platform"] in images.PLATFORMS,
        "how": row["how"].removeprefix(REUSED) in WAYS,
        "sha256": bool(_SHA256.fullmatch(row["sha256"])),
        "source": bool(_SHA256.fullmatch(row["source"])),
        "pinned": row["pinned"] == "" or bool(_SHA256.fullmatch(row["pinned"])),
        "registry": len(row["registry"]) <= 255 and row["registry"].isprintable(),
    }
    if wrong := [name for name, good in checks.items() if not good]:
        return f"invalid value of '{wrong[0]}'"
    return _wrong_file(row)


def _wrong_file(row: Mapping[str, str]) -> str:
    try:
        name, version = wheels.name_of(row["file"])
        pure = wheels.is_pure(row["file"])
    except NothingToJudgeError:
        return "not a valid wheel file name"
    if wheels.pinned(name, str(version)) != wheels.pinned(row["name"], row["version"]):
        return f"not a wheel of {row['name']} {row['version']}"
    if row["how"].endswith("pure") and not pure:
        return "the record says pure Python, but its file name does not"
    return ""


def _refuse(where: str, why: str) -> NoReturn:
    raise NothingToJudgeError(f"{where} is invalid and was not used.", why=why, next_step=NEXT)
