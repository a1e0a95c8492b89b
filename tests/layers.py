"""Layers and wheels made for a test: archives of a few files, some of which look like programs."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import struct
import tarfile
import zipfile
from collections.abc import Mapping

AMD64, ARM64 = 62, 183


def program(machine: int) -> bytes:
    """Return the beginning of an ELF file for this machine, little-endian, 64 bit."""
    return b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HH", 3, machine) + bytes(44)


def wheel(files: Mapping[str, bytes], name: str = "a-1-py3-none-any.whl") -> bytes:
    """Return a wheel of this file name, a zip archive of these files and of what they must have.

    A file of METADATA, WHEEL or RECORD among them takes the place of the right one.
    """
    project, version, *rest = name.removesuffix(".whl").split("-")
    folder = f"{project}-{version}.dist-info"
    python, abi, platform = rest[-3:]
    tags = "".join(f"Tag: {it}-{abi}-{platform}\n" for it in python.split("."))
    metadata = f"Metadata-Version: 2.1\nName: {project}\nVersion: {version}\n"
    whole = {
        f"{folder}/METADATA": metadata.encode(),
        f"{folder}/WHEEL": f"Wheel-Version: 1.0\n{tags}".encode(),
        **files,
    }
    record = "".join(f"{it},{recorded(content)},{len(content)}\n" for it, content in whole.items())
    whole.setdefault(f"{folder}/RECORD", f"{record}{folder}/RECORD,,\n".encode())
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for it, content in whole.items():
            archive.writestr(zipfile.ZipInfo(it), content)
    return stream.getvalue()


def recorded(content: bytes) -> str:
    """Return the hash of a file as a wheel's RECORD writes it."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest())
    return f"sha256={digest.decode().rstrip('=')}"


def layer(files: Mapping[str, bytes] | None = None) -> bytes:
    """Return a gzipped archive of these files; the same files give the same bytes."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name, content in (files or {}).items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return gzip.compress(stream.getvalue(), mtime=0)


def strange(files: Mapping[str, bytes]) -> tuple[bytes, ...]:
    """Return archives of these files in all formats, with links, devices and sparse members."""
    found = []
    for form in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT):
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w", format=form) as tar:
            for name, content in files.items():
                member = tarfile.TarInfo(name[:90] if form == tarfile.USTAR_FORMAT else name)
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
            for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE):
                odd = tarfile.TarInfo(f"usr/bin/odd{kind.decode()}")
                odd.type, odd.linkname = kind, "../../a"
                tar.addfile(odd)
        found.append(stream.getvalue())
    return tuple(found)
