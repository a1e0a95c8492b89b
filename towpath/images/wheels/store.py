"""Store built wheels: on this machine, and in the registry for other machines.

Each is an artifact in a repository beside the product's, tagged by package, version, platform and a
hash of everything that it depends on. Its content is always addressed by digest.
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
from towpath.rendering import files

__all__ = ["Wheel"]

# The version of stored records; those of older versions are ignored.
FORMAT = 3
# Bytes of all wheels of one build, which are in memory until all of them are checked.
LARGEST_ALL = 512 << 20


def key(workspace: Workspace, source: WheelSource, platform: str, base: str) -> str:
    """Return the tag of a wheel: its name, and a hash of everything that it depends on.

    Raises NothingToJudgeError for a Dockerfile that cannot be read.
    """
    parts = [FORMAT, asdict(source), platform, base, *recipe(workspace)]
    spread = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]
    name = f"{source.name}-{source.version}-{platform.rpartition('/')[2]}"
    return f"{re.sub(r'[^A-Za-z0-9_.-]', '_', name)[:100]}-{spread}"


def recipe(workspace: Workspace) -> list[Any]:
    """Return how wheels are made: the Python, stages of the Dockerfile, scripts, Debian's packages.

    The stages are empty if the project's Dockerfile does not have them. Raises NothingToJudgeError
    for a Dockerfile that cannot be read.
    """
    stages = ["", "", ""]
    scripts: dict[str, str] = {}
    with suppress(OSError, ValueError, NothingToJudgeError):
        text = _dockerfile(workspace)
        making = [dockerfile.stage(text, name) for name in ("toolchain", "making")]
        stages = [dockerfile.default(text, "PYTHON"), *making]
        scripts = _hashes(workspace.config.root, context_files("".join(making)))
    return [*stages, scripts, list(workspace.config.image.build_packages)]


def _dockerfile(workspace: Workspace) -> str:
    name = files.build_files(workspace).dockerfile
    return (workspace.config.root / name).read_text(encoding="utf-8")


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
    workspace: Workspace, source: WheelSource, platform: str, how: str, seconds: float, folder: Path
) -> Wheel:
    """Store the wheel that a build has written to `folder`; `seconds` is how long that took.

    Raises CommandFailedError unless there is exactly one wheel, of the requested distribution and
    for this platform.
    """
    found = sorted(folder.glob("*.whl"))
    if len(found) != 1 or found[0].is_symlink():
        raise CommandFailedError(
            f"The build of {source.name} produced {len(found)} wheels instead of one."
        )
    name = found[0].name
    if found[0].stat().st_size > records.LARGEST_WHEEL:
        raise CommandFailedError(f"The wheel {name} is larger than {records.LARGEST_WHEEL} bytes.")
    content = found[0].read_bytes()
    try:
        if reader.pinned(*map(str, reader.name_of(name))) != reader.pinned(
            source.name, source.version
        ):
            raise CommandFailedError(
                f"The build of {source.name} {source.version} produced {name}."
            )
        _require_fit(name, content, platform)
    except NothingToJudgeError as error:
        raise CommandFailedError(
            f"{name} is not a valid wheel.", why=f"{error.what} {error.why}"
        ) from error
    found[0].unlink()
    sha256 = hashlib.sha256(content).hexdigest()
    private.write_own(registries.wheel_directory(workspace, sha256), content)
    return Wheel(
        source.name,
        source.version,
        platform,
        how,
        round(seconds, 1),
        name,
        sha256,
        source=source.sha256,
        size=len(content),
    )


def _require_fit(name: str, content: bytes, platform: str) -> None:
    """Raise CommandFailedError unless a wheel is for this platform, by its name and its files.

    Raises NothingToJudgeError for an invalid wheel, or one that does not match its file name.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as wheel:
            foreign = wheel_archives.misfits(name, wheel, platform)
    except wheel_archives.BROKEN as error:
        raise NothingToJudgeError(f"Cannot read wheel {name}.", why=str(error)[:500]) from error
    if foreign:
        raise CommandFailedError(
            f"The wheel {name} does not fit {platform}.",
            why=", ".join(foreign[:5]) + (", ..." if len(foreign) > 5 else ""),
        )


def add(workspace: Workspace, tag: str, base: str, wheel: Wheel) -> None:
    """Store a wheel on this machine and in the registry; a failing registry is only a warning.

    Raises ConfigurationError if the state directory cannot be used, and NothingToJudgeError for a
    stored wheel that is damaged.
    """
    record = WheelRecord(base, (wheel,))
    registries.remember(workspace, tag, record)
    try:
        registries.publish(workspace, tag, record, contents(workspace, (wheel,))[wheel.sha256])
    except RegistryError as error:
        workspace.terminal.warn(f"Cannot store {wheel.file} in the registry: {error}")


def find(
    workspace: Workspace, source: WheelSource, tag: str, platform: str, python: str
) -> Wheel | None:
    """Return the stored wheel of a source for a platform; None without one.

    The record of this machine is used before that of the registry. Raises NothingToJudgeError for
    an invalid record, or one that does not fit the source.
    """
    for look in (registries.local, lambda *names: registries.remote(*names, quiet=True)):
        record = look(workspace, tag)
        if record is None or not record.wheels:
            continue
        # A wheel in pure Python serves every platform, whichever it was built for.
        pure = all(reader.is_pure(wheel.file) for wheel in record.wheels)
        if pure:
            record = replace(
                record, wheels=tuple(replace(wheel, platform=platform) for wheel in record.wheels)
            )
        wanted = {source: (platform,)}
        records.require_pinned(
            record, {reader.pinned(source.name, source.version): {source.sha256}}, python
        )
        records.require_missing(record, wanted)
        with suppress(RegistryNotFoundError):
            contents(workspace, record.wheels)
            return record.wheels[0]
    return None


def contents(workspace: Workspace, wheels: Sequence[Wheel]) -> dict[str, bytes]:
    """Return the bytes of wheels by their sha256; all are checked before any is stored here.

    Raises RegistryNotFoundError for a wheel that is not available, and NothingToJudgeError for one
    that does not match its record.
    """
    if sum({row.sha256: row.size for row in wheels}.values()) > LARGEST_ALL:
        raise NothingToJudgeError(
            f"The wheels of one build are larger than {LARGEST_ALL} bytes together.",
            next_step=records.NEXT,
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
    """Return the bytes of a wheel on this machine, if they match its sha256; None otherwise."""
    try:
        file = registries.wheel_directory(workspace, row.sha256)
        content = private.read_own(file, records.LARGEST_WHEEL)
    except NothingToJudgeError:
        return None
    good = content is not None and hashlib.sha256(content).hexdigest() == row.sha256
    return content if good else None


def _fetched(workspace: Workspace, row: Wheel) -> bytes:
    if workspace.config.image.registry_wheels == "never":
        raise RegistryNotFoundError(
            f"The wheel {row.file} is not available.", why="registry-wheels is 'never'."
        )
    try:
        blob = Descriptor(registries.WHEEL_TYPE, f"sha256:{row.sha256}", row.size)
        return registries.read_blob(registries.client(workspace), blob, records.LARGEST_WHEEL)
    except RegistryError as error:
        raise RegistryNotFoundError(
            f"The wheel {row.file} is not available.", why=str(error)
        ) from error


def python_of(workspace: Workspace) -> str:
    """Return the version of Python that wheels are built for, such as 3.13.

    Raises NothingToJudgeError if the Dockerfile's argument PYTHON has none.
    """
    text = _dockerfile(workspace)
    value = dockerfile.default(text, "PYTHON")
    match = re.match(r"[0-9]+\.[0-9]+", value)
    if not match:
        raise NothingToJudgeError(
            f"The argument PYTHON of the Dockerfile is not a version: {value!r}."
        )
    return match[0]
