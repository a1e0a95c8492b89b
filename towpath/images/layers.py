"""Read the tar archive of an image layer once, from front to back, within limits. Pure.

The archive is untrusted: its headers and sizes are checked before memory is allocated. An archive
that is damaged in the middle is an error, where `tarfile` would treat it as the end.
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

# Limits: members of a layer; bytes of headers between two members; unpacked bytes of a layer.
MOST_MEMBERS = 1_000_000
MOST_HEADERS = 1 << 20
MOST_BYTES = 64 << 30
PIECE = 1 << 16
LIMIT = 64 << 20  # bytes of memory that a decompressor may use
# The exceptions that a damaged archive causes.
BROKEN = (
    *(tarfile.TarError, EOFError, OSError, ValueError, OverflowError, KeyError, IndexError),
    *(zlib.error, lzma.LZMAError),
)
_GZIP, _XZ, _BZIP2, _ZSTD = b"\x1f\x8b", b"\xfd7zXZ\0", b"BZh", b"\x28\xb5\x2f\xfd"


@contextmanager
def opened(stream: IO[bytes], what: str) -> Iterator[tarfile.TarFile]:
    """Open a layer to read its members in order; `what` names it in errors.

    Raises NothingToJudgeError, also from within the block, for an archive that is damaged, in an
    unknown format, or larger than the limits.
    """
    try:
        unpacked = cast("IO[bytes]", _Unpacked(stream))
        with tarfile.TarFile(fileobj=unpacked, mode="r", tarinfo=_Member) as layer:
            yield layer
    except BROKEN as error:
        why = f"{type(error).__name__}: {error}"[:500]
        raise NothingToJudgeError(f"Cannot read {what}.", why=why) from error


class _Member(tarfile.TarInfo):
    """A member whose headers are read within limits."""

    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> _Member:  # pylint: disable=arguments-renamed
        """Read the next header; raises tarfile.ReadError where `tarfile` would stop silently."""
        unpacked: Any = archive.fileobj
        outer = unpacked.room is None
        if outer:
            unpacked.begin_headers()
        try:
            found = super().fromtarfile(archive)
        except (tarfile.EOFHeaderError, tarfile.EmptyHeaderError):  # type: ignore[attr-defined]
            # The end of the archive, also without its two empty blocks.
            raise
        except tarfile.HeaderError as error:
            raise tarfile.ReadError(str(error)) from error
        finally:
            if outer:
                unpacked.room = None
        if found.size < 0:
            raise tarfile.ReadError(f"{found.name[:120]!r} has a negative size")
        return found


class _Unpacked:
    """The decompressed bytes of a layer as a forward-only stream."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._ahead = stream.read(6)
        self._decoder = _decoder(self._ahead)
        self._decoded = b""
        self._at = self._members = 0
        # Bytes that the headers of one member may still use; None while its content is read.
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

    def seek(self, position: int) -> int:
        """Skip forward to a position; raises tarfile.ReadError for an earlier one."""
        if position < self._at:
            raise tarfile.ReadError("it refers to an earlier position")
        while self._at < position and self._some(min(PIECE, position - self._at)):
            pass
        return self._at

    def read(self, size: int = -1) -> bytes:
        """Return `size` bytes, fewer only at the end; raises tarfile.ReadError."""
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
        """Do nothing: whoever opened the stream closes it."""

    def _some(self, size: int) -> bytes:
        if not self._decoded:
            self._decoded = self._piece()
        piece, self._decoded = self._decoded[:size], self._decoded[size:]
        self._at += len(piece)
        if self._at > MOST_BYTES:
            raise tarfile.ReadError(f"it has more than {MOST_BYTES} bytes")
        return piece

    def _piece(self) -> bytes:
        """Return the next bytes, none at the end; raises EOFError if the stream is truncated."""
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
                raise EOFError("its compressed data is truncated")
            if piece := self._decoder.decompress(packed, PIECE):
                return cast("bytes", piece)

    def _another(self) -> bool:
        """Tell whether another compressed stream follows, as in a file of several gzip streams."""
        rest = self._decoder.unused_data or self._packed()
        if not rest.startswith((_GZIP, _XZ, _BZIP2)):
            return False
        self._ahead, self._decoder = rest, _decoder(rest)
        return True

    def _tail(self) -> bytes:
        """Return the input that zlib has not consumed; other decompressors keep it themselves."""
        return cast("bytes", getattr(self._decoder, "unconsumed_tail", b""))

    def _packed(self) -> bytes:
        piece, self._ahead = self._ahead or self._stream.read(PIECE), b""
        return piece


def _decoder(start: bytes) -> Any:
    """Return the decompressor for a layer that begins with these bytes; None if not compressed."""
    if start.startswith(_GZIP):
        return zlib.decompressobj(31)
    if start.startswith(_XZ):
        return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=LIMIT)
    if start.startswith(_BZIP2):
        return bz2.BZ2Decompressor()
    if start.startswith(_ZSTD):
        raise tarfile.ReadError("zstd compression is not supported")
    return None
