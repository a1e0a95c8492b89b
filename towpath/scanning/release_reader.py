"""The signed list of an archive's files, `InRelease`: what it promises, and for how long. Pure.

Source: Debian wiki, "DebianRepository/Format"; RFC 9580, section 7, for the form of the signature.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import lzma
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from towpath.core.errors import NothingToJudgeError
from towpath.scanning import debian_reader as debian

_BEGIN = "-----BEGIN PGP SIGNED MESSAGE-----"
_SIGNATURE = "-----BEGIN PGP SIGNATURE-----"
_FILE = re.compile(r"([0-9a-f]{64})\s+(\d+)\s+(\S+)")
# Bytes; the largest list of an archive's packages is a fifth of that.
MOST = 512_000_000


@dataclass(frozen=True)
class ArchiveRelease:
    """What an archive promises: of which suite, made when, good until, and its files by path."""

    codename: str
    made: dt.datetime
    until: dt.datetime | None
    files: Mapping[str, tuple[str, int]]

    def age_days(self, now: dt.datetime) -> float:
        """Return the age in days; raises NothingToJudgeError if it is over, or not begun."""
        if self.until is not None and self.until < now:
            raise NothingToJudgeError(
                f"The list of {self.codename} was good until {self.until:%Y-%m-%d}.",
                why="A mirror that is not renewed any more hides what came since.",
            )
        # A clock may be a little behind.
        if self.made > now + dt.timedelta(hours=1):
            raise NothingToJudgeError(f"The list of {self.codename} is from the future.")
        return round(max(0.0, (now - self.made).total_seconds() / 86400), 1)

    def unpacked(self, path: str, content: bytes) -> str:
        """Return the text of an xz file; raises NothingToJudgeError if it is not the promised."""
        promised = self.files.get(path)
        if promised != (hashlib.sha256(content).hexdigest(), len(content)):
            raise NothingToJudgeError(f"{path} is not the file that the list of its suite names.")
        reader = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MOST)
        try:
            text = reader.decompress(content, max_length=MOST)
        except lzma.LZMAError as error:
            raise NothingToJudgeError(f"{path} cannot be unpacked.", why=str(error)) from error
        if not reader.eof:
            raise NothingToJudgeError(f"{path} is half a file, or has more than {MOST} bytes.")
        return text.decode("utf-8", "replace")


def message(raw: bytes) -> str:
    """Return the text of a message with a signature below it, which is not looked at here."""
    lines = raw.decode("utf-8", "replace").splitlines()
    if not lines or lines[0] != _BEGIN or _SIGNATURE not in lines or "" not in lines:
        raise NothingToJudgeError("The archive's list of files has no signature.")
    body = lines[lines.index("") + 1 : lines.index(_SIGNATURE)]
    return "\n".join(line.removeprefix("- ") for line in body)


def read_release(text: str, suite: str) -> ArchiveRelease:
    """Return what the list of a suite says; raises NothingToJudgeError if it is another's."""
    row = next(debian.paragraphs(text), {})
    try:
        found = ArchiveRelease(
            codename=row["Codename"],
            made=_time(row["Date"]),
            until=_time(row["Valid-Until"]) if "Valid-Until" in row else None,
            files=_files(text),
        )
    except (KeyError, ValueError, TypeError) as error:
        raise NothingToJudgeError(
            "The archive's list of files cannot be read.", why=f"{type(error).__name__}: {error}"
        ) from error
    if found.codename != suite:
        raise NothingToJudgeError(f"The list of {suite} is the one of {found.codename}.")
    return found


def _time(text: str) -> dt.datetime:
    # The one form that the archive writes; what has no zone is UTC by the format's rules.
    found = parsedate_to_datetime(text.replace("UTC", "+0000"))
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)


def _files(text: str) -> dict[str, tuple[str, int]]:
    """Return hash and size of each file in the part that holds sha256."""
    _, _, part = text.partition("\nSHA256:")
    found = {}
    for line in part.splitlines()[1:]:
        match = _FILE.fullmatch(line.strip())
        if match is None:
            break
        found[match[3]] = (match[1], int(match[2]))
    return found
