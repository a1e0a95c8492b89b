"""Where wheels that were made are kept: on this machine, and in the registry for every other.

Each is an artifact in a repository beside the product's, tagged by package, version, platform and
the hash of all it follows from. Its content is addressed by digest on every way.
"""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from towpath.clients.registry import RegistryClient
from towpath.errors import CommandFailedError, NothingToJudgeError, RegistryError
from towpath.flows import files
from towpath.flows.clients import registry_client
from towpath.flows.session import Session
from towpath.images import Repository
from towpath.readers import dockerfile, oci
from towpath.readers import wheels as reader
from towpath.readers.wheels import Source

ARTIFACT_TYPE = "application/vnd.towpath.wheel.v1"
RECORD_TYPE = "application/vnd.towpath.wheels.v1+json"
MEDIA_TYPE = "application/vnd.pypa.wheel.v1+zip"
ANNOTATION = "dev.towpath.wheel"


@dataclass(frozen=True, order=True)
class Wheel:
    """A wheel that was made: of what, for which platform, how, and in how many seconds.

    `how` is pure, native, cross or emulated, with "kept, " before it where that was done earlier;
    `source` is the hash of what it was made from.
    """

    name: str
    version: str
    platform: str
    how: str
    seconds: float
    file: str
    sha256: str
    source: str = ""

    @property
    def taken_over(self) -> Wheel:
        """The same wheel, not made this time."""
        return replace(self, how=f"kept, {self.how.removeprefix('kept, ')}")

    def as_dependency(self) -> dict[str, Any]:
        """Return the wheel as provenance names what went into a build (purl-spec, "pypi")."""
        return {
            "uri": f"pkg:pypi/{self.name}@{self.version}?file_name={self.file}",
            "digest": {"sha256": self.sha256},
            "annotations": {"platform": self.platform, "made": self.how.removeprefix("kept, ")},
        }

    def __str__(self) -> str:
        spent = f"{self.seconds:.1f} s"
        cost = f"0 s, {spent} when it was made" if self.how.startswith("kept") else spent
        return f"{self.name} {self.version} for {self.platform}: {self.how}, {cost}"


def key(session: Session, row: Source, platform: str, base: str) -> str:
    """Return the tag of a wheel: what it is, and a hash of all that it follows from."""
    parts = [asdict(row), platform, base, *recipe(session)]
    spread = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]
    name = f"{row.name}-{row.version}-{platform.rpartition('/')[2]}-{spread}"
    return re.sub(r"[^\w.-]", "_", name)


def recipe(session: Session) -> list[Any]:
    """Return how wheels are made: stages of the Dockerfile, the Python, and Debian's packages.

    Empty stages where the project's Dockerfile has none: no wheel was made by it.
    """
    stages = ["", "", ""]
    with suppress(OSError, NothingToJudgeError):
        text = (session.config.root / "Dockerfile").read_text(encoding="utf-8")
        stages = [
            dockerfile.default(text, "PYTHON"),
            dockerfile.stage(text, "toolchain"),
            dockerfile.stage(text, "making"),
        ]
    return [*stages, list(session.config.image.build_packages)]


def store(
    session: Session, row: Source, platform: str, how: str, seconds: float, folder: Path
) -> Wheel:
    """Take the one wheel that a build has written to `folder`.

    Raises CommandFailedError where there is another number of them, or it is for other machines.
    """
    found = sorted(folder.glob("*.whl"))
    if len(found) != 1:
        raise CommandFailedError(
            f"{row.name} was built, and there are {len(found)} wheels of it, not one."
        )
    _require_fit(found[0], platform)
    content = found[0].read_bytes()
    found[0].unlink()
    sha256 = hashlib.sha256(content).hexdigest()
    files.write_whole(_place(session, sha256), content)
    spent = round(seconds, 1)
    return Wheel(
        row.name, row.version, platform, how, spent, found[0].name, sha256, source=row.sha256
    )


def _require_fit(file: Path, platform: str) -> None:
    """Raise CommandFailedError unless a wheel is for this platform, by its name and its files."""
    try:
        with zipfile.ZipFile(file) as wheel:
            strange = reader.misfits(file.name, wheel, platform)
    except (zipfile.BadZipFile, NothingToJudgeError) as error:
        raise CommandFailedError(f"{file.name} is no wheel.", why=str(error)) from error
    if strange:
        raise CommandFailedError(
            f"{file.name} was built for {platform} and does not fit it.",
            why=", ".join(strange[:5]) + (", ..." if len(strange) > 5 else ""),
        )


def keep(session: Session, tag: str, wheel: Wheel) -> None:
    """Keep a wheel in the registry; one that cannot be kept is made again elsewhere."""
    said = {ANNOTATION: json.dumps(asdict(wheel), sort_keys=True)}
    try:
        _put(session, tag, ARTIFACT_TYPE, content(session, wheel), MEDIA_TYPE, said)
    except RegistryError as error:
        session.terminal.warn(f"{wheel.file} is not kept in the registry: {error}")


def find(session: Session, row: Source, tag: str) -> Wheel | None:
    """Return a wheel of a source that the registry keeps; None where it has none, or cannot say."""
    try:
        manifest = _registry(session).manifest(tag)
        said = manifest.document.get("annotations", {}).get(ANNOTATION, "")
        wheel = replace(Wheel(**json.loads(said)), source=row.sha256)
        content(session, wheel)
    except (RegistryError, NothingToJudgeError, ValueError, TypeError):
        return None
    return wheel


def content(session: Session, wheel: Wheel) -> bytes:
    """Return the bytes of a wheel, checked; raises NothingToJudgeError where nobody has them."""
    place = _place(session, wheel.sha256)
    if not place.is_file() or files.file_hash(place) != wheel.sha256:
        try:
            files.write_whole(place, _registry(session).blob(f"sha256:{wheel.sha256}"))
        except RegistryError as error:
            raise NothingToJudgeError(f"Nobody keeps {wheel.file}.", why=str(error)) from error
    return place.read_bytes()


def record(session: Session, name: str) -> Mapping[str, Any] | None:
    """Return the record of this name, of wheels and their base; None where there is none."""
    try:
        found: Mapping[str, Any] = json.loads(_note(session, name).read_bytes())
        return found
    except (OSError, ValueError):
        pass
    try:
        registry = _registry(session)
        manifest = registry.manifest(name)
        text = registry.blob(oci.layers(manifest)[0].digest)
        found = json.loads(text)
    except (RegistryError, NothingToJudgeError, ValueError, IndexError):
        return None
    files.write_whole(_note(session, name), text)
    return found


def note(session: Session, name: str, record: Mapping[str, Any]) -> None:
    """Keep a record on this machine alone, unless there is one of this name.

    What needs no wheels is noted so, and nobody is asked about it again.
    """
    if not _note(session, name).is_file():
        _write(session, name, record)


def remember(session: Session, name: str, record: Mapping[str, Any]) -> None:
    """Keep a record here and in the registry."""
    text = _write(session, name, record)
    try:
        _put(session, name, RECORD_TYPE, text, RECORD_TYPE)
    except RegistryError as error:
        session.terminal.warn(f"The registry does not know of these wheels: {error}")


def _write(session: Session, name: str, record: Mapping[str, Any]) -> bytes:
    """Write a record on this machine, and return its bytes."""
    text = json.dumps(record, sort_keys=True).encode()
    files.write_whole(_note(session, name), text)
    return text


def _put(
    session: Session,
    tag: str,
    kind: str,
    content: bytes,
    media_type: str,
    annotations: Mapping[str, str] | None = None,
) -> None:
    """Put an artifact of one document under a tag."""
    registry = _registry(session)
    registry.put_blob(oci.EMPTY, oci.EMPTY_TYPE)
    blob = registry.put_blob(content, media_type)
    registry.put_manifest(tag, oci.loose(kind, [blob], annotations or {}))


def _registry(session: Session) -> RegistryClient:
    place = Repository(session.config.registry, f"{session.config.repository}-wheels")
    return registry_client(place, session.config.env)


def _note(session: Session, name: str) -> Path:
    return session.config.state / "wheels" / f"{name}.json"


def _place(session: Session, sha256: str) -> Path:
    return session.config.state / "wheels" / sha256
