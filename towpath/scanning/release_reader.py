"""Read the signed list of an archive's files, `InRelease`, with its validity period. Pure.

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

from towpath.core import documents
from towpath.core.errors import NothingToJudgeError
from towpath.scanning import debian_reader as debian

_BEGIN = "-----BEGIN PGP SIGNED MESSAGE-----"
_SIGNATURE = "-----BEGIN PGP SIGNATURE-----"
_FILE = re.compile(r"([0-9a-f]{64})\s+(\d+)\s+(\S+)")
# Bytes; the largest list of an archive's packages is a fifth of that.
MOST = 512_000_000


@dataclass(frozen=True)
class ArchiveRelease:
    """The contents of `InRelease`: suite, creation time, end of validity, and files by path.

    A file has its sha256 and its size in bytes.
    """

    codename: str
    made: dt.datetime
    until: dt.datetime | None
    files: Mapping[str, tuple[str, int]]

    def age_days(self, now: dt.datetime) -> float:
        """Return the age in days; raises NothingToJudgeError if it is expired or in the future."""
        if self.until is not None and self.until < now:
            raise NothingToJudgeError(
                f"The package list of {self.codename} expired on {self.until:%Y-%m-%d}.",
                why="An outdated mirror hides newer security updates.",
            )
        # Clocks may differ a little.
        if self.made > now + dt.timedelta(hours=1):
            raise NothingToJudgeError(
                f"The package list of {self.codename} has a date in the future."
            )
        return round(max(0.0, (now - self.made).total_seconds() / 86400), 1)

    def unpacked(self, path: str, content: bytes) -> str:
        """Return the text of an xz file; raises NothingToJudgeError if its hash is wrong."""
        promised = self.files.get(path)
        if promised != (hashlib.sha256(content).hexdigest(), len(content)):
            raise NothingToJudgeError(f"{path} does not match the hash in InRelease.")
        reader = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MOST)
        try:
            text = reader.decompress(content, max_length=MOST)
        except lzma.LZMAError as error:
            raise NothingToJudgeError(f"Cannot decompress {path}.", why=str(error)) from error
        if not reader.eof:
            raise NothingToJudgeError(f"{path} is truncated, or larger than {MOST} bytes.")
        return text.decode("utf-8", "replace")


def message(raw: bytes) -> str:
    """Return the text of a signed message, without checking the signature.

    Raises NothingToJudgeError for a message without one.
    """
    lines = raw.decode("utf-8", "replace").splitlines()
    if not lines or lines[0] != _BEGIN or _SIGNATURE not in lines or "" not in lines:
        raise NothingToJudgeError("The archive's InRelease file has no signature.")
    body = lines[lines.index("") + 1 : lines.index(_SIGNATURE)]
    return "\n".join(line.removeprefix("- ") for line in body)


def read_release(text: str, suite: str) -> ArchiveRelease:
    """Return the contents of InRelease; raises NothingToJudgeError if it is of another suite."""
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
            "Cannot read the archive's InRelease file.", why=documents.reason(error)
        ) from error
    if found.codename != suite:
        raise NothingToJudgeError(f"The InRelease file of {suite} is for {found.codename}.")
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
