"""Read Debian's lists of installed and available packages, and compare versions. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest

from towpath.core.errors import NothingToJudgeError

STATUS = "var/lib/dpkg/status"
# Minimal images have one file for each package instead, for example distroless.
STATUS_PARTS = "var/lib/dpkg/status.d/"
RELEASE = "usr/lib/os-release"
_PARTS = re.compile(r"([^0-9]*)([0-9]*)")
_EPOCH = re.compile(r"[0-9]{1,9}")
# Letters of a version; the longest in Debian has 60.
_LONGEST = 1000


@dataclass(frozen=True)
class Package:
    """A binary package and its version."""

    name: str
    version: str


@dataclass(frozen=True)
class Pending:
    """An installed package for which the security archive has something newer."""

    name: str
    installed: str
    available: str


def is_package_list(name: str) -> bool:
    """Tell whether a file of an image lists installed Debian packages or the release."""
    return name in (STATUS, RELEASE) or (
        name.startswith(STATUS_PARTS) and not name.endswith(".md5sums")
    )


def codename(files: Mapping[str, bytes]) -> str:
    """Return Debian's codename of an image; raises NothingToJudgeError for another one."""
    lines = files.get(RELEASE, b"").decode("utf-8", "replace").splitlines()
    values = {key: value.strip("\"'") for key, _, value in (line.partition("=") for line in lines)}
    if values.get("ID") != "debian" or not values.get("VERSION_CODENAME"):
        raise NothingToJudgeError(
            f"Unsupported distribution: {values.get('ID', 'unknown')} is not a Debian release.",
            next_step="Install Trivy, which supports more distributions.",
        )
    return values["VERSION_CODENAME"]


def installed(files: Mapping[str, bytes]) -> list[Package]:
    """Return the installed packages; raises NothingToJudgeError if there are none."""
    found = [
        _package(row, name)
        for name, content in files.items()
        if is_package_list(name) and name != RELEASE
        for row in paragraphs(content.decode("utf-8", "replace"))
        # The parts of an image without a shell have no such field.
        if row.get("Status", "install ok installed").endswith(" installed")
    ]
    if not found:
        raise NothingToJudgeError("The image has no list of installed packages.")
    return found


def available(index: str) -> dict[str, str]:
    """Return the newest version of each package in an archive's `Packages` file.

    Raises NothingToJudgeError if the list is empty.
    """
    found: dict[str, str] = {}
    for row in paragraphs(index):
        package = _package(row, "Packages")
        if package.name not in found or compare(package.version, found[package.name]) > 0:
            found[package.name] = package.version
    if not found:
        raise NothingToJudgeError("The security archive's list of packages is empty.")
    return found


def pending(packages: Iterable[Package], archive: Mapping[str, str]) -> list[Pending]:
    """Return the installed packages for which the archive has a newer version.

    Raises NothingToJudgeError for a version that is not valid.
    """
    return sorted(
        (
            Pending(row.name, row.version, archive[row.name])
            for row in packages
            if row.name in archive and compare(row.version, archive[row.name]) < 0
        ),
        key=lambda row: row.name,
    )


def paragraphs(text: str) -> Iterator[dict[str, str]]:
    """Yield the paragraphs of a control file, without the lines that continue a field.

    Source: Debian Policy 5.1.
    """
    for block in re.split(r"\n\s*\n", text):
        row = dict(
            (key, value.strip())
            for key, colon, value in (line.partition(":") for line in block.splitlines())
            if colon and not key.startswith((" ", "\t"))
        )
        if row:
            yield row


def compare(one: str, other: str) -> int:
    """Return less than 0, 0 or more than 0 as one version is older, the same or newer.

    Source: Debian Policy 5.6.12 and deb-version(7). Raises NothingToJudgeError for an
    invalid version.
    """
    left, right = _split(one), _split(other)
    return (left[0] - right[0]) or _part(left[1], right[1]) or _part(left[2], right[2])


def _split(version: str) -> tuple[int, str, str]:
    epoch, colon, rest = version.partition(":")
    if not colon:
        epoch, rest = "0", version
    if not _EPOCH.fullmatch(epoch) or len(rest) > _LONGEST:
        raise NothingToJudgeError(f"Invalid version of a Debian package: {version[:80]!r}.")
    upstream, _, revision = rest.rpartition("-")
    return (int(epoch), upstream, revision) if upstream else (int(epoch), rest, "0")


def _part(one: str, other: str) -> int:
    """Compare text and number in turn; text in the order ~, end, letters, everything else."""
    pairs = zip_longest(_PARTS.findall(one), _PARTS.findall(other), fillvalue=("", ""))
    for (text, number), (other_text, other_number) in pairs:
        left, right = _weights(text), _weights(other_text)
        if left != right:
            return -1 if left < right else 1
        if difference := int(number or 0) - int(other_number or 0):
            return difference
    return 0


def _weights(text: str) -> list[int]:
    """Return a list that sorts as the text does; the end is worth 0."""
    weights = [-1 if sign == "~" else ord(sign) + (0 if sign.isalpha() else 256) for sign in text]
    return [*weights, 0]


def _package(row: Mapping[str, str], where: str) -> Package:
    try:
        return Package(row["Package"], row["Version"])
    except KeyError as error:
        raise NothingToJudgeError(f"A package in {where} has no field {error}.") from error
