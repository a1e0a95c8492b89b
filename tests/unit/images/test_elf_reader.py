"""For which machine a file was made, by its first twenty bytes."""

from __future__ import annotations

import gzip
import io
import tarfile

import pytest

from tests.layers import AMD64, ARM64, layer, program
from towpath.core.errors import NothingToJudgeError
from towpath.images import elf_reader as elf


@pytest.mark.parametrize(
    ("header", "machine"),
    [
        (program(AMD64), 62),
        (program(ARM64), 183),
        (b"\x7fELF\x01\x02" + bytes(10) + b"\x00\x02\x00\x08", 8),
        (b"\x7fELF\x02\x01", 0),
        (b"\x7fELF\x02\x00" + program(AMD64)[6:], 0),
        (b"\x7fELF\x02\x07" + program(AMD64)[6:], 0),
        (b"\x7fELF\x00\x01" + program(AMD64)[6:], 0),
        (program(AMD64)[:19], 0),
        (b"\x7fELF" + b"\xff" * 16, 0),
        (b"#!/bin/sh\n" + bytes(20), None),
        (b"", None),
    ],
)
def test_the_machine_is_in_the_header(header: bytes, machine: int | None) -> None:
    """Byte order counts; half a header, or an unknown class or order, fits nothing."""
    assert elf.machine(header) == machine


def test_a_layer_lists_its_programs_by_machine() -> None:
    """Only regular files that begin as ELF files count."""
    content = layer(
        {"bin/a": program(AMD64), "lib/b.so": program(ARM64), "c.py": b"print", "d": b""}
    )

    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(content))) as tar:
        found = elf.machines(tar)

    assert found == {62: ["bin/a"], 183: ["lib/b.so"]}


def test_strangers_are_named_with_what_they_are() -> None:
    """A platform runs its own machine only."""
    layers = [{62: ["bin/a"], 183: ["lib/b.so"]}, {0: ["half"]}]

    assert elf.foreign_binaries("linux/amd64", layers) == ["lib/b.so (AArch64)", "half (machine 0)"]
    assert elf.foreign_binaries("linux/arm64", [{183: ["lib/b.so"]}]) == []


def test_what_is_no_regular_file_is_passed_over() -> None:
    """A directory, a link and a file too short to be one; what comes after them counts."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for kind in (tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.REGTYPE):
            member = tarfile.TarInfo(f"kind-{kind.decode()}")
            member.type = kind
            tar.addfile(member)
        for name, content in (("stub", b"\x7fELF"), ("a", program(AMD64))):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    stream.seek(0)

    with tarfile.open(fileobj=stream) as tar:
        assert elf.machines(tar) == {0: ["stub"], 62: ["a"]}


@pytest.mark.parametrize("cut", [512, 600, 1300])
def test_a_layer_that_ends_too_early_is_a_typed_error(cut: int) -> None:
    """It never reads as one with fewer programs, and never as a traceback."""
    whole = gzip.decompress(layer({"bin/a": program(AMD64) * 20, "lib/b.so": program(ARM64)}))

    with pytest.raises(NothingToJudgeError, match="Cannot read"):
        with tarfile.open(fileobj=io.BytesIO(whole[:cut]), mode="r|") as tar:
            elf.machines(tar)


def test_a_sparse_member_is_judged_by_what_it_holds() -> None:
    """A file of a terabyte with nothing in it costs nothing; its first bytes count."""
    stream = io.BytesIO()
    member = tarfile.TarInfo("sparse")
    member.type, member.size = tarfile.GNUTYPE_SPARSE, 512
    header = bytearray(member.tobuf(tarfile.GNU_FORMAT))
    header[386:398], header[398:410] = b"%011o\0" % 0, b"%011o\0" % 512
    header[483:495] = b"%011o\0" % (1 << 32)
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    stream.write(bytes(header) + program(AMD64).ljust(512, b"\0") + bytes(1024))
    stream.seek(0)

    with tarfile.open(fileobj=stream, mode="r|") as tar:
        assert elf.machines(tar) == {62: ["sparse"]}
