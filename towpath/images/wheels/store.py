"""Where wheels that were made are kept: on this machine, and in the registry for every other.

Each is an artifact in a repository beside the product's, tagged by package, version, platform and
the hash of all it follows from. Its content is addressed by digest on every way.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from towpath.config.workspace import Workspace
from towpath.core import private
from towpath.core.errors import (
    CommandFailedError,
    NothingToJudgeError,
    RegistryError,
    RegistryNotFoundError,
)
from towpath.images import dockerfile_reader as dockerfile
from towpath.images.context_reader import context_files
from towpath.images.wheels import archive_reader as wheel_archives
from towpath.images.wheels import record_reader as records
from towpath.images.wheels import registry as registries
from towpath.images.wheels import wheels_reader as reader
from towpath.images.wheels.record_reader import Wheel, WheelRecord
from towpath.images.wheels.wheels_reader import WheelSource
from towpath.registry.oci_reader import Descriptor

__all__ = ["Wheel"]

# What an older pipeline kept is not read: it was not written to be checked.
FORMAT = 2
# Bytes of all wheels of one build: they are in memory until all of them were checked.
LARGEST_ALL = 512 << 20


def key(workspace: Workspace, row: WheelSource, platform: str, base: str) -> str:
    """Return the tag of a wheel: what it is, and a hash of all that it follows from."""
    parts = [FORMAT, asdict(row), platform, base, *recipe(workspace)]
    spread = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]
    name = f"{row.name}-{row.version}-{platform.rpartition('/')[2]}"
    return f"{re.sub(r'[^A-Za-z0-9_.-]', '_', name)[:100]}-{spread}"


def recipe(workspace: Workspace) -> list[Any]:
    """Return how wheels are made: the Python, stages of the Dockerfile, scripts, Debian's packages.

    Empty stages where the project's Dockerfile has none: no wheel was made by it.
    """
    stages = ["", "", ""]
    scripts: dict[str, str] = {}
    with suppress(OSError, ValueError, NothingToJudgeError):
        text = (workspace.config.root / "Dockerfile").read_text(encoding="utf-8")
        making = [dockerfile.stage(text, name) for name in ("toolchain", "making")]
        stages = [dockerfile.default(text, "PYTHON"), *making]
        scripts = _hashes(workspace.config.root, context_files("".join(making)))
    return [*stages, scripts, list(workspace.config.image.build_packages)]


def _hashes(root: Path, patterns: Sequence[str]) -> dict[str, str]:
    """Return the sha256 of each file that is named, or is in a directory that is.

    Raises OSError for a file that cannot be read.
    """
    found: dict[str, str] = {}
    for pattern in patterns:
        for path in root.glob(pattern if pattern != "." else "**"):
            for file in (path, *path.rglob("*")):
                # What Python compiles beside a script is left out by .dockerignore too.
                if file.is_file() and file.parent.name != "__pycache__":
                    name = file.relative_to(root).as_posix()
                    found[name] = hashlib.sha256(file.read_bytes()).hexdigest()
    return dict(sorted(found.items()))


def store(
    workspace: Workspace, row: WheelSource, platform: str, how: str, seconds: float, folder: Path
) -> Wheel:
    """Take the one wheel that a build has written to `folder`.

    Raises CommandFailedError where there is another number of them, it is another distribution
    than was asked for, or it is for other machines.
    """
    found = sorted(folder.glob("*.whl"))
    if len(found) != 1 or found[0].is_symlink():
        raise CommandFailedError(
            f"{row.name} was built, and there are {len(found)} wheels of it, not one."
        )
    name = found[0].name
    if found[0].stat().st_size > records.LARGEST_WHEEL:
        raise CommandFailedError(f"{name} has more than {records.LARGEST_WHEEL} bytes.")
    content = found[0].read_bytes()
    try:
        if reader.pinned(*map(str, reader.name_of(name))) != reader.pinned(row.name, row.version):
            raise CommandFailedError(
                f"{name} was built, and {row.name} {row.version} was asked for."
            )
        _require_fit(name, content, platform)
    except NothingToJudgeError as error:
        raise CommandFailedError(f"{name} is no wheel.", why=f"{error.what} {error.why}") from error
    found[0].unlink()
    sha256 = hashlib.sha256(content).hexdigest()
    private.write_own(registries.wheel_directory(workspace, sha256), content)
    return Wheel(
        row.name,
        row.version,
        platform,
        how,
        round(seconds, 1),
        name,
        sha256,
        source=row.sha256,
        size=len(content),
    )


def _require_fit(name: str, content: bytes, platform: str) -> None:
    """Raise CommandFailedError unless a wheel is for this platform, by its name and its files.

    Raises NothingToJudgeError for what is no wheel, or not the one that its name says.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as wheel:
            strange = wheel_archives.misfits(name, wheel, platform)
    except wheel_archives.BROKEN as error:
        raise NothingToJudgeError(f"{name} cannot be read.", why=str(error)[:500]) from error
    if strange:
        raise CommandFailedError(
            f"{name} was built for {platform} and does not fit it.",
            why=", ".join(strange[:5]) + (", ..." if len(strange) > 5 else ""),
        )


def keep(workspace: Workspace, tag: str, base: str, wheel: Wheel) -> None:
    """Keep a wheel here and in the registry; one that cannot be kept is made again elsewhere."""
    record = WheelRecord(base, (wheel,))
    registries.remember(workspace, tag, record)
    try:
        registries.publish(workspace, tag, record, contents(workspace, (wheel,))[wheel.sha256])
    except RegistryError as error:
        workspace.terminal.warn(f"{wheel.file} is not kept in the registry: {error}")


def find(
    workspace: Workspace, row: WheelSource, tag: str, platform: str, python: str
) -> Wheel | None:
    """Return a wheel of a source that is kept for a platform; None where there is none.

    The record of this machine goes before that of the registry. Raises NothingToJudgeError for a
    record that does not fit the source.
    """
    for look in (registries.local, lambda *its: registries.remote(*its, quiet=True)):
        record = look(workspace, tag)
        if record is None or not record.wheels:
            continue
        # A wheel in pure Python serves every platform, whichever it was first made for.
        pure = all(reader.is_pure(it.file) for it in record.wheels)
        if pure:
            record = replace(
                record, wheels=tuple(replace(it, platform=platform) for it in record.wheels)
            )
        wanted = {row: (platform,)}
        records.require_pinned(record, {reader.pinned(row.name, row.version): {row.sha256}}, python)
        records.require_missing(record, wanted)
        with suppress(RegistryNotFoundError):
            contents(workspace, record.wheels)
            return record.wheels[0]
    return None


def contents(workspace: Workspace, wheels: Sequence[Wheel]) -> dict[str, bytes]:
    """Return the bytes of wheels by their sha256, every one checked before any is kept here.

    Raises RegistryNotFoundError where nobody has one of them, and NothingToJudgeError for one
    that is not what its record says.
    """
    if sum({row.sha256: row.size for row in wheels}.values()) > LARGEST_ALL:
        raise NothingToJudgeError(
            f"The wheels of one build have more than {LARGEST_ALL} bytes.", next_step=records.NEXT
        )
    found: dict[str, bytes] = {}
    fetched: dict[str, bytes] = {}
    for row in wheels:
        content = found.get(row.sha256) or _own(workspace, row)
        if content is None:
            content = fetched[row.sha256] = _fetched(workspace, row)
        found[row.sha256] = content
    for row in wheels:
        try:
            _require_fit(row.file, found[row.sha256], row.platform)
        except CommandFailedError as error:
            raise NothingToJudgeError(error.what, why=error.why, next_step=records.NEXT) from error
    for sha256, content in fetched.items():
        private.write_own(registries.wheel_directory(workspace, sha256), content)
    return found


def _own(workspace: Workspace, row: Wheel) -> bytes | None:
    """Return the bytes of a wheel that this machine has; who wrote them does not matter."""
    try:
        file = registries.wheel_directory(workspace, row.sha256)
        content = private.read_own(file, records.LARGEST_WHEEL)
    except NothingToJudgeError:
        return None
    good = content is not None and hashlib.sha256(content).hexdigest() == row.sha256
    return content if good else None


def _fetched(workspace: Workspace, row: Wheel) -> bytes:
    if workspace.config.image.registry_wheels == "never":
        raise RegistryNotFoundError(f"Nobody keeps {row.file}.", why="No registry is asked.")
    try:
        blob = Descriptor(registries.WHEEL_TYPE, f"sha256:{row.sha256}", row.size)
        return registries.read_blob(registries.client(workspace), blob, records.LARGEST_WHEEL)
    except RegistryError as error:
        raise RegistryNotFoundError(f"Nobody keeps {row.file}.", why=str(error)) from error


def python_of(workspace: Workspace) -> str:
    """Return the version of Python that wheels are made for, such as 3.13.

    Raises NothingToJudgeError where the Dockerfile has none in its argument PYTHON.
    """
    text = (workspace.config.root / "Dockerfile").read_text(encoding="utf-8")
    said = dockerfile.default(text, "PYTHON")
    found = re.match(r"[0-9]+\.[0-9]+", said)
    if not found:
        raise NothingToJudgeError(f"PYTHON in the Dockerfile is no version of Python: {said!r}.")
    return found[0]
