"""What is in a wheel: that it is the one its file name says, and whole, and for its platform. Pure.

Sources: the binary distribution format (packaging.python.org), PEP 376 (RECORD), the zip format.
Nothing of an archive is believed before it was read: sizes, names and hashes are checked.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import lzma
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.parser import HeaderParser

from packaging.tags import parse_tag
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from towpath.core import references as images
from towpath.core.errors import NothingToJudgeError
from towpath.images import elf_reader as elf
from towpath.images.wheels import wheels_reader as wheels

# What a zip archive does that is damaged, encrypted or made to do harm.
BROKEN = (
    *(zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, lzma.LZMAError, struct.error),
    *(EOFError, NotImplementedError, RuntimeError, OSError, ValueError, OverflowError),
)
# Bounds of one wheel: its members, their bytes when unpacked, and those of one that is parsed.
MOST_MEMBERS = 50_000
MOST_BYTES = 1 << 30
MOST_PARSED = 16 << 20
PIECE = 1 << 20
ENCRYPTED = 0x1
ALGORITHMS = ("sha256", "sha384", "sha512")
# RECORD does not list what signs it.
UNLISTED = ("RECORD", "RECORD.jws", "RECORD.p7s")


@dataclass
class _Members:
    """What was read of the files of a wheel: hashes as RECORD writes them, programs, and texts."""

    hashes: dict[str, dict[str, str]] = field(default_factory=dict)
    programs: elf.Machines = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)


def misfits(filename: str, wheel: zipfile.ZipFile, platform: str) -> list[str]:
    """Return what makes a wheel unfit for a platform such as linux/arm64: its name, or files in it.

    A wheel that says it is for every machine and has a program in it fits none. Raises
    NothingToJudgeError for what is no wheel: damaged, encrypted, too large, or not what its name
    and its RECORD say.
    """
    pure = wheels.is_pure(filename)
    machine = images.MACHINES[platform]
    tags = wheels.tags_of(filename)
    named = pure or any(tag.platform.endswith(("any", f"_{machine}")) for tag in tags)
    programs = _checked(filename, wheel).programs
    if pure:
        strange = [name for names in programs.values() for name in names]
    else:
        strange = elf.foreign_binaries(platform, [programs])
    return [*strange, *(() if named else (filename,))]


def _checked(filename: str, wheel: zipfile.ZipFile) -> _Members:
    """Return the files of a wheel, when all that it says of itself was found to be so."""
    try:
        _require_harmless(filename, wheel.infolist())
        folder = _folder(filename, wheel)
        members = _read(wheel, folder)
        _require_named(filename, folder, members)
        _require_tagged(filename, folder, members)
        _require_recorded(filename, folder, members)
    except BROKEN as error:
        raise NothingToJudgeError(f"{filename} cannot be read.", why=str(error)[:500]) from error
    return members


def _require_harmless(filename: str, rows: list[zipfile.ZipInfo]) -> None:
    """Raise NothingToJudgeError for an archive that has no business in being unpacked."""
    if len(rows) > MOST_MEMBERS or sum(row.file_size for row in rows) > MOST_BYTES:
        raise NothingToJudgeError(
            f"{filename} is too large.",
            why=f"At most {MOST_MEMBERS} files and {MOST_BYTES} bytes, unpacked, are read.",
        )
    seen: set[str] = set()
    for row in rows:
        if why := _harm(row) or ("it is there twice" if row.filename in seen else ""):
            raise NothingToJudgeError(
                f"{filename} has a bad member, {row.filename[:120]!r}: {why}."
            )
        seen.add(row.filename)


def _harm(row: zipfile.ZipInfo) -> str:
    """Return why a member of an archive is refused; empty for a good one."""
    parts = row.filename.rstrip("/").split("/")
    mode = row.external_attr >> 16
    if row.flag_bits & ENCRYPTED:
        return "it is encrypted"
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "it is a link or a device"
    if row.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "it is compressed in a way that wheels are not"
    if "\\" in row.filename or "\0" in row.orig_filename or {"", ".", ".."} & set(parts):
        return "its name leads out of the archive"
    return ""


def _folder(filename: str, wheel: zipfile.ZipFile) -> str:
    """Return the .dist-info directory of a wheel; raises NothingToJudgeError unless it has one."""
    tops = {name.partition("/")[0] for name in wheel.namelist()}
    found = sorted(name for name in tops if name.endswith(".dist-info"))
    if len(found) != 1:
        raise NothingToJudgeError(f"{filename} has {len(found)} .dist-info directories, not one.")
    return found[0]


def _read(wheel: zipfile.ZipFile, folder: str) -> _Members:
    """Read every file of a wheel, never more of it than the archive declares."""
    found = _Members()
    parsed = {f"{folder}/{name}" for name in ("METADATA", "WHEEL", "RECORD")}
    for row in wheel.infolist():
        if row.is_dir():
            continue
        found.hashes[row.filename], start = _hashed(wheel, row)
        if (number := elf.machine(start)) is not None:
            found.programs.setdefault(number, []).append(row.filename)
        if row.filename in parsed:
            found.texts[row.filename] = _text(wheel, row)
    return found


def _hashed(wheel: zipfile.ZipFile, row: zipfile.ZipInfo) -> tuple[dict[str, str], bytes]:
    """Return the hashes of a file, and its first bytes, which say whether it is a program."""
    hashes = {name: hashlib.new(name) for name in ALGORITHMS}
    with wheel.open(row) as stream:
        first = piece = stream.read(PIECE)
        while piece:
            for it in hashes.values():
                it.update(piece)
            piece = stream.read(PIECE)
    return {name: _written(it.digest()) for name, it in hashes.items()}, first[: elf.HEADER]


def _text(wheel: zipfile.ZipFile, row: zipfile.ZipInfo) -> str:
    if row.file_size > MOST_PARSED:
        raise NothingToJudgeError(f"{row.filename} in a wheel is too large to be read.")
    return wheel.read(row).decode()


def _require_named(filename: str, folder: str, members: _Members) -> None:
    """Raise NothingToJudgeError unless a wheel has its name and version inside as outside."""
    name, version = wheels.name_of(filename)
    headers = HeaderParser().parsestr(members.texts.get(f"{folder}/METADATA", ""))
    inside = (headers.get("Name") or "", headers.get("Version") or "")
    outer, _, number = folder.removesuffix(".dist-info").rpartition("-")
    for what, row in (("METADATA", inside), (folder, (outer, number))):
        if canonicalize_name(row[0]) != name or not _is_version(row[1], version):
            raise NothingToJudgeError(
                f"{filename} is another distribution inside.",
                why=f"{what} says {row[0][:80]!r} {row[1][:80]!r}.",
            )


def _require_tagged(filename: str, folder: str, members: _Members) -> None:
    """Raise NothingToJudgeError unless a wheel has the tags inside that its file name has."""
    lines = members.texts.get(f"{folder}/WHEEL", "").splitlines()
    said = {line[5:].strip() for line in lines if line.startswith("Tag: ")}
    if frozenset(tag for text in said for tag in parse_tag(text)) != wheels.tags_of(filename):
        raise NothingToJudgeError(
            f"{filename} has other tags inside.",
            why=", ".join(sorted(said))[:200] or "None at all.",
        )


def _is_version(text: str, version: Version) -> bool:
    try:
        return Version(text) == version
    except InvalidVersion:
        return False


def _require_recorded(filename: str, folder: str, members: _Members) -> None:
    """Raise NothingToJudgeError unless RECORD lists every file with its hash, and no other."""
    listed = dict(_rows(members.texts.get(f"{folder}/RECORD", "")))
    unlisted = {f"{folder}/{name}" for name in UNLISTED}
    for name, hashes in members.hashes.items():
        algorithm, _, value = listed.pop(name, "").partition("=")
        if name not in unlisted and (not value or hashes.get(algorithm) != value):
            raise NothingToJudgeError(f"{filename} has a file that its RECORD does not say: {name}")
    if missing := sorted(set(listed) - unlisted):
        raise NothingToJudgeError(f"{filename} lacks a file of its RECORD: {missing[0]}")


def _rows(text: str) -> Iterator[tuple[str, str]]:
    """Yield name and hash of each line of a RECORD."""
    try:
        for row in csv.reader(text.splitlines()):
            if row:
                yield row[0], row[1] if len(row) > 1 else ""
    except csv.Error as error:
        raise NothingToJudgeError("A RECORD cannot be read.", why=str(error)) from error


def _written(digest: bytes) -> str:
    """Return a hash as RECORD writes it."""
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
