"""Verify a wheel: it matches its file name, is complete, and fits its platform. Pure.

Sources: the binary distribution format (packaging.python.org), PEP 376 (RECORD), the zip format.
Archives are untrusted: sizes, names and hashes are checked.
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

# The exceptions that a damaged, encrypted or malicious zip archive causes.
BROKEN = (
    *(zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, lzma.LZMAError, struct.error),
    *(EOFError, NotImplementedError, RuntimeError, OSError, ValueError, OverflowError),
)
# Limits of one wheel: its members, their unpacked bytes, and the bytes of a parsed member.
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
    """The files of a wheel: hashes in the format of RECORD, ELF files, and parsed metadata."""

    hashes: dict[str, dict[str, str]] = field(default_factory=dict)
    programs: elf.Machines = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)


def misfits(filename: str, wheel: zipfile.ZipFile, platform: str) -> list[str]:
    """Return what makes a wheel unfit for a platform such as linux/arm64: its name, or files in it.

    A wheel whose tags allow every machine, but which contains a program, fits none. Raises
    NothingToJudgeError for an invalid wheel: damaged, encrypted, too large, or not matching its
    file name or its RECORD.
    """
    pure = wheels.is_pure(filename)
    machine = images.MACHINES[platform]
    tags = wheels.tags_of(filename)
    named = pure or any(tag.platform.endswith(("any", f"_{machine}")) for tag in tags)
    programs = _checked(filename, wheel).programs
    if pure:
        foreign = [name for names in programs.values() for name in names]
    else:
        foreign = elf.foreign_binaries(platform, [programs])
    return [*foreign, *(() if named else (filename,))]


def _checked(filename: str, wheel: zipfile.ZipFile) -> _Members:
    """Return the files of a wheel after all its metadata was verified."""
    try:
        _require_harmless(filename, wheel.infolist())
        folder = _folder(filename, wheel)
        members = _read(wheel, folder)
        _require_named(filename, folder, members)
        _require_tagged(filename, folder, members)
        _require_recorded(filename, folder, members)
    except BROKEN as error:
        raise NothingToJudgeError(f"Cannot read wheel {filename}.", why=str(error)[:500]) from error
    return members


def _require_harmless(filename: str, rows: list[zipfile.ZipInfo]) -> None:
    """Raise NothingToJudgeError for an archive that is not safe to unpack."""
    if len(rows) > MOST_MEMBERS or sum(row.file_size for row in rows) > MOST_BYTES:
        raise NothingToJudgeError(
            f"The wheel {filename} is too large.",
            why=f"The limits are {MOST_MEMBERS} files and {MOST_BYTES} unpacked bytes.",
        )
    seen: set[str] = set()
    for row in rows:
        if why := _harm(row) or ("duplicate name" if row.filename in seen else ""):
            raise NothingToJudgeError(
                f"The wheel {filename} has an invalid member {row.filename[:120]!r}: {why}."
            )
        seen.add(row.filename)


def _harm(row: zipfile.ZipInfo) -> str:
    """Return why a member of an archive is refused; empty for a valid one."""
    parts = row.filename.rstrip("/").split("/")
    mode = row.external_attr >> 16
    if row.flag_bits & ENCRYPTED:
        return "encrypted"
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "a link or a device"
    if row.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "unsupported compression method"
    if "\\" in row.filename or "\0" in row.orig_filename or {"", ".", ".."} & set(parts):
        return "its path leads outside the archive"
    return ""


def _folder(filename: str, wheel: zipfile.ZipFile) -> str:
    """Return the .dist-info directory of a wheel; raises NothingToJudgeError unless it has one."""
    tops = {name.partition("/")[0] for name in wheel.namelist()}
    found = sorted(name for name in tops if name.endswith(".dist-info"))
    if len(found) != 1:
        raise NothingToJudgeError(
            f"The wheel {filename} has {len(found)} .dist-info directories instead of one."
        )
    return found[0]


def _read(wheel: zipfile.ZipFile, folder: str) -> _Members:
    """Read every file of a wheel, never more bytes than the archive declares."""
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
    """Return the hashes of a file, and its first bytes, which show whether it is a program."""
    hashes = {name: hashlib.new(name) for name in ALGORITHMS}
    with wheel.open(row) as stream:
        first = piece = stream.read(PIECE)
        while piece:
            for algorithm in hashes.values():
                algorithm.update(piece)
            piece = stream.read(PIECE)
    return {name: _encoded(value.digest()) for name, value in hashes.items()}, first[: elf.HEADER]


def _text(wheel: zipfile.ZipFile, row: zipfile.ZipInfo) -> str:
    if row.file_size > MOST_PARSED:
        raise NothingToJudgeError(f"The member {row.filename} of a wheel is too large.")
    return wheel.read(row).decode()


def _require_named(filename: str, folder: str, members: _Members) -> None:
    """Raise NothingToJudgeError unless the metadata has the name and version of the file name."""
    name, version = wheels.name_of(filename)
    headers = HeaderParser().parsestr(members.texts.get(f"{folder}/METADATA", ""))
    inside = (headers.get("Name") or "", headers.get("Version") or "")
    outer, _, number = folder.removesuffix(".dist-info").rpartition("-")
    for what, row in (("METADATA", inside), (folder, (outer, number))):
        if canonicalize_name(row[0]) != name or not _is_version(row[1], version):
            raise NothingToJudgeError(
                f"The wheel {filename} contains another distribution.",
                why=f"{what} names {row[0][:80]!r} {row[1][:80]!r}.",
            )


def _require_tagged(filename: str, folder: str, members: _Members) -> None:
    """Raise NothingToJudgeError unless a wheel's metadata has the tags of its file name."""
    lines = members.texts.get(f"{folder}/WHEEL", "").splitlines()
    written = {line[5:].strip() for line in lines if line.startswith("Tag: ")}
    if frozenset(tag for text in written for tag in parse_tag(text)) != wheels.tags_of(filename):
        raise NothingToJudgeError(
            f"The tags in the wheel {filename} do not match its file name.",
            why=", ".join(sorted(written))[:200] or "It has none.",
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
            raise NothingToJudgeError(
                f"A file of the wheel {filename} does not match its RECORD: {name}."
            )
    if missing := sorted(set(listed) - unlisted):
        raise NothingToJudgeError(f"The wheel {filename} lacks a file of its RECORD: {missing[0]}.")


def _rows(text: str) -> Iterator[tuple[str, str]]:
    """Yield name and hash of each line of a RECORD."""
    try:
        for row in csv.reader(text.splitlines()):
            if row:
                yield row[0], row[1] if len(row) > 1 else ""
    except csv.Error as error:
        raise NothingToJudgeError("Cannot read the RECORD of a wheel.", why=str(error)) from error


def _encoded(digest: bytes) -> str:
    """Return a hash in the format of RECORD."""
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
