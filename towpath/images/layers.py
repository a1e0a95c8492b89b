"""The archive of an image's layer, read once from front to back, within bounds. Pure.

Nothing of it is believed: what it says of its headers and sizes is checked before memory is taken
for it. An archive that is damaged in the middle is an error, where `tarfile` takes it for ended.
"""

from __future__ import annotations

import bz2
import lzma
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, cast

from towpath.core.errors import NothingToJudgeError

# Files of a layer; bytes of its headers between two files; bytes of all of it, unpacked.
MOST_MEMBERS = 1_000_000
MOST_HEADERS = 1 << 20
MOST_BYTES = 64 << 30
PIECE = 1 << 16
LIMIT = 64 << 20  # of memory that a compression may ask for
# What a damaged archive does.
BROKEN = (
    *(tarfile.TarError, EOFError, OSError, ValueError, OverflowError, KeyError, IndexError),
    *(zlib.error, lzma.LZMAError),
)
_GZIP, _XZ, _BZIP2, _ZSTD = b"\x1f\x8b", b"\xfd7zXZ\0", b"BZh", b"\x28\xb5\x2f\xfd"


@contextmanager
def opened(stream: IO[bytes], what: str) -> Iterator[tarfile.TarFile]:
    """Open a layer for its members to be read in turn; `what` names it in errors.

    Raises NothingToJudgeError, also from within the block, for an archive that is damaged, in no
    known format, or larger than anything honest.
    """
    try:
        unpacked = cast("IO[bytes]", _Unpacked(stream))
        with tarfile.TarFile(fileobj=unpacked, mode="r", tarinfo=_Member) as layer:
            yield layer
    except BROKEN as error:
        why = f"{type(error).__name__}: {error}"[:500]
        raise NothingToJudgeError(f"{what} cannot be read.", why=why) from error


class _Member(tarfile.TarInfo):
    """A member whose headers are read within bounds."""

    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> _Member:  # pylint: disable=arguments-renamed
        """Read the next header; raises tarfile.ReadError where `tarfile` would stop in silence."""
        unpacked: Any = archive.fileobj
        outer = unpacked.room is None
        if outer:
            unpacked.begin_headers()
        try:
            found = super().fromtarfile(archive)
        except (tarfile.EOFHeaderError, tarfile.EmptyHeaderError):  # type: ignore[attr-defined]
            # The end; a file that ends without its two empty blocks is one too.
            raise
        except tarfile.HeaderError as error:
            raise tarfile.ReadError(str(error)) from error
        finally:
            if outer:
                unpacked.room = None
        if found.size < 0:
            raise tarfile.ReadError(f"{found.name[:120]!r} has a size below zero")
        return found


class _Unpacked:
    """The bytes of a layer without its compression; it goes forward only."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._ahead = stream.read(6)
        self._decoder = _decoder(self._ahead)
        self._came = b""
        self._at = self._members = 0
        # Bytes that the headers of one member may still take; None while its content is read.
        self.room: int | None = None

    def begin_headers(self) -> None:
        """Count the headers of another member; raises tarfile.ReadError for too many members."""
        self._members += 1
        if self._members > MOST_MEMBERS:
            raise tarfile.ReadError(f"it has more than {MOST_MEMBERS} members")
        self.room = MOST_HEADERS

    def tell(self) -> int:
        """Return how many bytes were read."""
        return self._at

    def seek(self, place: int) -> int:
        """Read on to a place; raises tarfile.ReadError for one that lies behind."""
        if place < self._at:
            raise tarfile.ReadError("it goes back")
        while self._at < place and self._some(min(PIECE, place - self._at)):
            pass
        return self._at

    def read(self, size: int = -1) -> bytes:
        """Return so many bytes, fewer only at the end; raises tarfile.ReadError."""
        if self.room is not None:
            self.room -= size
        if size < 0 or (self.room is not None and self.room < 0):
            raise tarfile.ReadError(f"the headers of a member have more than {MOST_HEADERS} bytes")
        pieces = []
        while size and (piece := self._some(min(size, PIECE))):
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)

    def close(self) -> None:
        """Leave the stream to who opened it."""

    def _some(self, size: int) -> bytes:
        if not self._came:
            self._came = self._piece()
        piece, self._came = self._came[:size], self._came[size:]
        self._at += len(piece)
        if self._at > MOST_BYTES:
            raise tarfile.ReadError(f"it has more than {MOST_BYTES} bytes")
        return piece

    def _piece(self) -> bytes:
        """Return the next bytes, none at the end; raises EOFError where it is cut."""
        while True:
            if self._decoder is None:
                return self._packed()
            if self._decoder.eof:
                if not self._another():
                    return b""
                continue
            wants = getattr(self._decoder, "needs_input", not self._tail())
            packed = self._packed() if wants else self._tail()
            if wants and not packed:
                raise EOFError("its compressed part is cut")
            if piece := self._decoder.decompress(packed, PIECE):
                return cast("bytes", piece)

    def _another(self) -> bool:
        """Tell whether another part follows the first, as in a file of several gzip streams."""
        rest = self._decoder.unused_data or self._packed()
        if not rest.startswith((_GZIP, _XZ, _BZIP2)):
            return False
        self._ahead, self._decoder = rest, _decoder(rest)
        return True

    def _tail(self) -> bytes:
        """Return what zlib has not taken yet; the others keep it themselves."""
        return cast("bytes", getattr(self._decoder, "unconsumed_tail", b""))

    def _packed(self) -> bytes:
        piece, self._ahead = self._ahead or self._stream.read(PIECE), b""
        return piece


def _decoder(start: bytes) -> Any:
    """Return what unpacks a layer that begins like this; None where nothing has to."""
    if start.startswith(_GZIP):
        return zlib.decompressobj(31)
    if start.startswith(_XZ):
        return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=LIMIT)
    if start.startswith(_BZIP2):
        return bz2.BZ2Decompressor()
    if start.startswith(_ZSTD):
        raise tarfile.ReadError("it is compressed with zstd, which is not read here")
    return None
