"""A layer of an image is read within bounds, and what it hides is an error with a name."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import tracemalloc
from collections.abc import Callable

import pytest

from tests.layers import program, strange
from towpath.core.errors import NothingToJudgeError
from towpath.images import elf_reader as elf
from towpath.images import layers
from towpath.registry import oci_reader as oci
from towpath.scanning import distributions_reader as distributions

NAME = "opt/a-1.dist-info/METADATA"
METADATA = b"Metadata-Version: 2.1\nName: a\nVersion: 1\n"


def archive(*members: tuple[tarfile.TarInfo, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    """Return an archive of these members."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=form) as tar:
        for member, content in members:
            tar.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def member(
    name: str, size: int = 0, kind: bytes = tarfile.REGTYPE, link: str = ""
) -> tarfile.TarInfo:
    """Return a member of a kind."""
    found = tarfile.TarInfo(name)
    found.size, found.type, found.linkname = size, kind, link
    return found


def read(raw: bytes) -> dict[str, bytes]:
    """Return the files of a layer that say which distributions it has."""
    files: dict[str, bytes] = {}
    with layers.opened(io.BytesIO(raw), "layer x") as tar:
        oci.overlay(files, tar, distributions.is_metadata)
    return files


WHOLE = archive((member(NAME, len(METADATA)), METADATA), (member("b", 3), b"abc"))


@pytest.mark.parametrize(
    "pack",
    [
        bytes,
        gzip.compress,
        bz2.compress,
        lzma.compress,
        lambda raw: gzip.compress(raw[:700]) + gzip.compress(raw[700:]),
        lambda raw: gzip.compress(raw) + bytes(512),
    ],
    ids=["plain", "gzip", "bzip2", "xz", "two parts", "padded"],
)
def test_a_layer_is_read_however_it_is_compressed(pack: Callable[[bytes], bytes]) -> None:
    """As the engine itself reads it."""
    assert read(pack(WHOLE)) == {NAME: METADATA}


@pytest.mark.parametrize("raw", strange({NAME: METADATA, "bin/a": program(183)}))
def test_links_and_devices_that_nobody_asks_for_are_passed_over(raw: bytes) -> None:
    """An image is full of them."""
    assert read(raw) == {NAME: METADATA}


@pytest.mark.parametrize(
    ("kind", "link", "why"),
    [
        (tarfile.SYMTYPE, "../../elsewhere", "is a link to '../../elsewhere'"),
        (tarfile.SYMTYPE, "/etc/passwd", "is a link to '/etc/passwd'"),
        (tarfile.LNKTYPE, "../../../etc/passwd", "is a link to '../../../etc/passwd'"),
        (tarfile.LNKTYPE, "/root/.cache/a/METADATA", "is a link to '/root/.cache/a/METADATA'"),
        (tarfile.CHRTYPE, "", "is not a regular file"),
        (tarfile.BLKTYPE, "", "is not a regular file"),
        (tarfile.FIFOTYPE, "", "is not a regular file"),
    ],
)
@pytest.mark.parametrize("name", [NAME, f"/{NAME}", f"./x/../{NAME}", f"../../{NAME}"])
def test_metadata_that_is_no_file_is_named(name: str, kind: bytes, link: str, why: str) -> None:
    """The package would be in the image, and in no list of what is installed there."""
    with pytest.raises(NothingToJudgeError) as caught:
        read(archive((member(name, kind=kind, link=link), b"")))

    assert f"{NAME} in the image {why}" in caught.value.what


def test_a_second_name_of_a_file_that_is_read_is_that_file() -> None:
    """A tool that installs may link copies together."""
    other = "opt/b/a-1.dist-info/METADATA"
    raw = archive(
        (member(NAME, len(METADATA)), METADATA),
        (member(other, kind=tarfile.LNKTYPE, link=NAME), b""),
    )

    assert read(raw) == {NAME: METADATA, other: METADATA}


def test_a_name_that_leads_out_of_the_image_is_below_its_root() -> None:
    """As the engine unpacks it."""
    assert read(archive((member(f"../../{NAME}", len(METADATA)), METADATA))) == {NAME: METADATA}


def test_a_file_that_is_too_large_to_be_metadata_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """By its declared size, before memory is taken for it."""
    monkeypatch.setattr(oci, "LARGEST_FILE", 10)

    with pytest.raises(NothingToJudgeError, match="METADATA in the image is larger than 10 bytes"):
        read(WHOLE)


def test_many_files_that_are_too_large_together_are_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each alone would be good."""
    monkeypatch.setattr(oci, "LARGEST_SELECTION", 10)

    with pytest.raises(
        NothingToJudgeError, match="files to read from a layer have more than 10 bytes"
    ):
        read(WHOLE)


def test_a_sparse_file_of_a_terabyte_is_named() -> None:
    """Its zeros are nowhere but in memory."""
    headers = {"GNU.sparse.major": "0", "GNU.sparse.minor": "1", "GNU.sparse.name": NAME}
    headers |= {"GNU.sparse.size": str(1 << 40), "GNU.sparse.map": "0,1"}
    sparse = member(NAME, 1)
    sparse.pax_headers = headers

    with pytest.raises(NothingToJudgeError, match="METADATA in the image is a sparse file"):
        read(archive((sparse, b"x")))


@pytest.mark.parametrize("place", [148, 124, 257], ids=["checksum", "size", "magic"])
def test_a_layer_that_is_damaged_in_the_middle_is_not_one_that_ended(place: int) -> None:
    """What comes after would be missing from the list of what is installed."""
    raw = bytearray(archive((member("b", 3), b"abc"), (member(NAME, len(METADATA)), METADATA)))
    raw[1024 + place] ^= 0xFF

    with pytest.raises(NothingToJudgeError, match="Cannot read layer x"):
        read(bytes(raw))


@pytest.mark.parametrize("end", [700, 1100, 1500])
def test_a_layer_that_is_cut_is_an_error(end: int) -> None:
    """Within a header, within a file, and within the compressed stream."""
    raw = archive((member("b", 3), b"abc"), (member(NAME, len(METADATA)), METADATA))
    with pytest.raises(NothingToJudgeError, match="Cannot read|is truncated"):
        read(raw[:end])
    with pytest.raises(NothingToJudgeError) as caught:
        read(gzip.compress(raw[:end] + bytes(20_000), 0)[:end])
    assert caught.value.why.endswith("its compressed data is truncated")


@pytest.mark.parametrize("kind", [b"L", b"K", b"x", b"g"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_headers_without_an_end_take_no_memory(kind: bytes, pack: Callable[[bytes], bytes]) -> None:
    """A name of 32 MB of zeros is some kilobytes when it is compressed."""
    bomb = pack(archive((member("a", 32 << 20, kind), bytes(32 << 20))))
    tracemalloc.start()
    try:
        with pytest.raises(NothingToJudgeError, match="Cannot read layer x") as caught:
            read(bomb)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert "headers of a member have more than 1048576 bytes" in caught.value.why
    assert peak < 8 << 20


def test_a_layer_of_too_many_bytes_or_members_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted while it is unpacked, whatever it declares."""
    monkeypatch.setattr(layers, "MOST_MEMBERS", 1)
    with pytest.raises(NothingToJudgeError) as caught:
        read(WHOLE)
    assert "more than 1 members" in caught.value.why
    monkeypatch.setattr(layers, "MOST_MEMBERS", 10)
    monkeypatch.setattr(layers, "MOST_BYTES", 1000)
    with pytest.raises(NothingToJudgeError) as caught:
        read(WHOLE)
    assert "more than 1000 bytes" in caught.value.why


@pytest.mark.parametrize("raw", [b"\x28\xb5\x2f\xfd\0\0", b"hello", b"PK\3\4" + bytes(600)])
def test_what_is_no_archive_that_is_read_here_is_an_error(raw: bytes) -> None:
    """Zstandard is named; nothing reads as an empty layer."""
    with pytest.raises(NothingToJudgeError, match="Cannot read layer x"):
        read(raw)


def test_an_empty_layer_is_empty() -> None:
    """Nothing but the end of an archive."""
    assert read(archive()) == {}
    assert read(gzip.compress(archive())) == {}


def test_programs_of_a_layer_are_found_through_the_same_door() -> None:
    """The rest of a file that is not read is passed over."""
    raw = archive((member("a", 64), program(183)), (member("b", 64), program(62)))
    with layers.opened(io.BytesIO(gzip.compress(raw)), "x") as tar:
        assert elf.machines(tar) == {183: ["a"], 62: ["b"]}
