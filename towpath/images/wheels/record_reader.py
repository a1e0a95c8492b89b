"""Records of wheels that were made: read strictly, and compared with the pins they serve. Pure.

A record may come from a registry, where others write too. One that is not exactly what it must be
is refused as a whole, and the error names it.
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

# Bounds of one record, its bytes and its wheels, and of the bytes of one wheel.
LARGEST = 1 << 20
MOST = 1000
LARGEST_WHEEL = 256 << 20
WAYS = ("pure", "native", "cross", "emulated")
NEXT = (
    "Find out who wrote it, delete it, and build again; or do without the registry: "
    'registry-wheels = "never" in [tool.towpath.image].'
)

_SHA256 = re.compile(r"[0-9a-f]{64}")
_DIGEST = re.compile(r"(?:sha256:[0-9a-f]{64})?")
_VERSION = re.compile(r"[A-Za-z0-9_.+!-]{1,200}")


@dataclass(frozen=True, order=True)
class Wheel:
    """A wheel that was made: of what, for which platform, how, and in how many seconds.

    `how` is pure, native, cross or emulated, with "kept, " before it where that was done earlier;
    `source` is the hash of what it was made from, `size` is in bytes, `pinned` stands for the
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
    def taken_over(self) -> Wheel:
        """The same wheel, not made this time."""
        return replace(self, how=f"kept, {self.how.removeprefix('kept, ')}")

    @property
    def pin(self) -> Pinned:
        """The pin that it serves."""
        return wheels.pinned(self.name, self.version)

    def as_dependency(self) -> dict[str, Any]:
        """Return the wheel as provenance names what went into a build (purl-spec, "pypi")."""
        origin = {"registry": self.registry} if self.registry else {}
        return {
            "uri": f"pkg:pypi/{self.name}@{self.version}?file_name={self.file}",
            "digest": {"sha256": self.sha256},
            "annotations": {
                "platform": self.platform,
                "made": self.how.removeprefix("kept, "),
                **origin,
            },
        }

    def __str__(self) -> str:
        spent = f"{self.seconds:.1f} s"
        cost = f"0 s, {spent} when it was made" if self.how.startswith("kept") else spent
        origin = f", from {self.registry}" if self.registry else ""
        return f"{self.name} {self.version} for {self.platform}: {self.how}, {cost}{origin}"


@dataclass(frozen=True)
class WheelRecord:
    """Wheels that belong together, the digest of the base they were made for, and who says so.

    `where` names the record in errors; `registry` is empty for a record of this machine.
    """

    base: str
    wheels: tuple[Wheel, ...]
    where: str = ""
    registry: str = ""

    def encode(self) -> bytes:
        """Return the record as it is written: JSON, keys sorted."""
        body = {"base": self.base, "wheels": [asdict(row) for row in self.wheels]}
        return json.dumps(body, sort_keys=True).encode()


def read_wheel_record(content: bytes, where: str, registry: str = "") -> WheelRecord:
    """Return a record; one of a registry says of each wheel that it came from there.

    Raises NothingToJudgeError, naming it, for one that is not exactly a record: too large or too
    deep, another type, a key too many, a name that is no wheel's, or two wheels for one pin.
    """
    document = _document(content, where)
    if set(document) != {"base", "wheels"}:
        _refuse(where, "It has other keys than base and wheels.")
    base, rows = document["base"], document["wheels"]
    if not isinstance(base, str) or not _DIGEST.fullmatch(base):
        _refuse(where, "Its base is no digest.")
    if not isinstance(rows, list) or len(rows) > MOST:
        _refuse(where, f"Its wheels are no list of at most {MOST}.")
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
    """Return which sources a record serves for which platforms, all of them pinned.

    Raises NothingToJudgeError, naming the record, for a wheel whose name, version or source is in
    no pin, and for one that is not for this Python or its platform by its file name.
    """
    found: dict[WheelSource, list[str]] = {}
    for row in record.wheels:
        if row.source not in pins.get(row.pin, ()):
            _refuse(
                record.where, f"No pin has {row.name} {row.version} of the source {row.source}."
            )
        if not wheels.is_compatible(row.file, python, images.architecture(row.platform)):
            _refuse(record.where, f"{row.file} is not for Python {python} on {row.platform}.")
        found.setdefault(WheelSource(*row.pin, row.source), []).append(row.platform)
    return found


def require_missing(record: WheelRecord, missing: Mapping[WheelSource, Collection[str]]) -> None:
    """Raise NothingToJudgeError unless the pins of all wheels have none on their platforms."""
    if row := next(iter(_with_own(record, missing)), None):
        _refuse(
            record.where, f"{row.name} {row.version} has a wheel of its own for {row.platform}."
        )


def only_missing(
    record: WheelRecord, missing: Mapping[WheelSource, Collection[str]]
) -> WheelRecord:
    """Return a record without the wheels whose pins have one of their own by now."""
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
        _refuse(where, f"It has more than {LARGEST} bytes.")
    try:
        found = documents.loads(content, LARGEST)
    except ValueError as error:
        _refuse(where, f"It is not JSON: {str(error)[:200]}")
    if not isinstance(found, dict):
        _refuse(where, "It is no JSON object.")
    return found


def _wheel(row: Any, where: str) -> Wheel:
    """Return a wheel of a record, every field of it checked."""
    names = {it.name for it in fields(Wheel)}
    if not isinstance(row, dict) or set(row) != names:
        _refuse(where, "One of its wheels has other keys than a wheel has.")
    texts = {name: row[name] for name in names - {"seconds", "size"}}
    if not all(isinstance(text, str) for text in texts.values()):
        _refuse(where, "One of its wheels has a text that is none.")
    if why := _wrong_number(row) or _wrong_text(row):
        _refuse(where, f"{row['file'][:120]!r}: {why}.")
    return Wheel(**row)


def _wrong_number(row: Mapping[str, Any]) -> str:
    size, seconds = row["size"], row["seconds"]
    if isinstance(size, bool) or not isinstance(size, int) or not 0 < size <= LARGEST_WHEEL:
        return f"its size is not 1 to {LARGEST_WHEEL} bytes"
    good = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    if not good or not math.isfinite(seconds) or not 0 <= seconds < LARGEST:
        return "its seconds are no time"
    return ""


def _wrong_text(row: Mapping[str, str]) -> str:
    """Return what is wrong with a field; empty where all of them are good."""
    checks = {
        "name": canonicalize_name(row["name"]) == row["name"],
        "version": bool(_VERSION.fullmatch(row["version"])),
        "platform": row["platform"] in images.PLATFORMS,
        "how": row["how"].removeprefix("kept, ") in WAYS,
        "sha256": bool(_SHA256.fullmatch(row["sha256"])),
        "source": bool(_SHA256.fullmatch(row["source"])),
        "pinned": row["pinned"] == "" or bool(_SHA256.fullmatch(row["pinned"])),
        "registry": len(row["registry"]) <= 255 and row["registry"].isprintable(),
    }
    if wrong := [name for name, good in checks.items() if not good]:
        return f"its {wrong[0]} is none"
    return _wrong_file(row)


def _wrong_file(row: Mapping[str, str]) -> str:
    try:
        name, version = wheels.name_of(row["file"])
        pure = wheels.is_pure(row["file"])
    except NothingToJudgeError:
        return "it is not the name of a wheel"
    if wheels.pinned(name, str(version)) != wheels.pinned(row["name"], row["version"]):
        return f"it is not a wheel of {row['name']} {row['version']}"
    if row["how"].endswith("pure") and not pure:
        return "it is not pure, and the record says so"
    return ""


def _refuse(where: str, why: str) -> NoReturn:
    raise NothingToJudgeError(f"{where} does not fit and is not used.", why=why, next_step=NEXT)
