"""Read the architecture of the programs and libraries in a layer. Pure.

Source: System V ABI, "ELF Header", and the registry of e_machine values.
"""

from __future__ import annotations

import struct
import tarfile
from collections.abc import Iterable, Mapping

from towpath.core.errors import NothingToJudgeError
from towpath.images import layers

MAGIC = b"\x7fELF"
HEADER = 20  # bytes until the end of e_machine

MACHINES = {"linux/amd64": 62, "linux/arm64": 183}
_NAMES = {3: "x86", 40: "ARM", 62: "x86-64", 183: "AArch64", 243: "RISC-V"}
_LITTLE_ENDIAN, _BIG_ENDIAN = 1, 2
_CLASSES = (1, 2)  # 32 and 64 bit

Machines = dict[int, list[str]]


def machine(header: bytes) -> int | None:
    """Return e_machine of a file that begins with these bytes; None if it is not an ELF file.

    For a truncated header, or an unknown class or byte order, the result is 0, which matches no
    platform.
    """
    if not header.startswith(MAGIC):
        return None
    orders = (_LITTLE_ENDIAN, _BIG_ENDIAN)
    if len(header) < HEADER or header[4] not in _CLASSES or header[5] not in orders:
        return 0
    order = ">" if header[5] == _BIG_ENDIAN else "<"
    return int(struct.unpack_from(f"{order}H", header, 18)[0])


def machines(layer: tarfile.TarFile) -> Machines:
    """Return the names of the ELF files of a layer, keyed by e_machine.

    Raises NothingToJudgeError for a damaged or truncated archive.
    """
    found: Machines = {}
    try:
        for member in layer:
            if not member.isfile() or member.size < len(MAGIC):
                continue
            stream = layer.extractfile(member)
            number = machine(stream.read(HEADER)) if stream else None
            if number is not None:
                found.setdefault(number, []).append(member.name)
    except layers.BROKEN as error:
        raise NothingToJudgeError(
            "Cannot read the tar archive of a layer.", why=str(error)[:500]
        ) from error
    return found


def foreign_binaries(platform: str, inside: Iterable[Mapping[int, list[str]]]) -> list[str]:
    """Return each ELF file that this platform cannot run, with its architecture.

    `inside` has the result of `machines` for each layer.
    """
    return [
        f"{name} ({_NAMES.get(number, f'machine {number}')})"
        for layer in inside
        for number, names in layer.items()
        if number != MACHINES[platform]
        for name in names
    ]
