"""Scan the image that is in the registry, every platform of it, for known weaknesses.

Trivy does it where it is installed. Elsewhere two real parts do: the image's Python distributions
against the advisories of the security stage, and Debian's packages against its security archive.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import shutil
import tarfile
import time
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from towpath.clients import debian as archive
from towpath.clients.registry import RegistryClient
from towpath.commands import trivy
from towpath.errors import CommandFailedError, NothingToJudgeError
from towpath.evidence import Statement, Subject
from towpath.flows import advisories
from towpath.flows import registry as registries
from towpath.flows import stages
from towpath.flows.registry import PlatformImage
from towpath.flows.session import Session
from towpath.readers import debian, distributions, oci
from towpath.readers import trivy as trivy_reader
from towpath.readers.advisories import Advisory, by_severity

PENDING = "DEBIAN-SECURITY"


@dataclass(frozen=True)
class Scan:
    """What was found in an image, by whom, and what could not be asked. Seconds."""

    digest: str
    findings: tuple[Advisory, ...]
    sources: tuple[str, ...]
    unasked: tuple[str, ...]
    looked_at: dict[str, dict[str, int]] = field(default_factory=dict)
    seconds: float = 0.0

    def facts(self) -> dict[str, Any]:
        """Return the facts for the gates.

        Where a source gave no answer a count of 0 is left out: nobody knows that it is 0. What was
        found counts all the same.
        """
        counts = by_severity(self.findings)
        known = {name: count for name, count in counts.items() if count or not self.unasked}
        return known | {
            "digest": self.digest,
            "sources": list(self.sources),
            "unasked": list(self.unasked),
            "looked_at": self.looked_at,
            "findings": [str(row) for row in self.findings],
        }


@dataclass
class _Notes:
    """What a scan gathers on its way."""

    findings: set[Advisory] = field(default_factory=set)
    sources: set[str] = field(default_factory=set)
    unasked: list[str] = field(default_factory=list)
    looked_at: dict[str, dict[str, int]] = field(default_factory=dict)

    def add(self, rows: Iterable[Advisory], source: str) -> None:
        self.findings.update(rows)
        self.sources.add(source)

    def missing(self, error: NothingToJudgeError | CommandFailedError) -> None:
        text = " ".join(part for part in (error.what, error.why) if part)
        if text not in self.unasked:
            self.unasked.append(text)


def scan(session: Session, digest: str) -> Scan:
    """Scan every platform of the image with this digest."""
    started = time.monotonic()
    registry = registries.client(session)
    image = registries.image(registry, digest)
    notes = _Notes()
    if shutil.which("trivy", path=session.config.env.get("PATH")):
        for platform in image.platforms:
            with session.terminal.step(f"Trivy on {platform}"):
                _trivy(session, session.config.images.at(image.digest), platform, notes)
    else:
        _built_in(session, registry, image.platforms, notes)
    ordered = sorted(notes.findings, key=lambda row: (row.severity, row.package, row.id))
    return Scan(
        image.digest,
        tuple(ordered),
        tuple(sorted(notes.sources)),
        tuple(notes.unasked),
        notes.looked_at,
        time.monotonic() - started,
    )


def record(session: Session, found: Scan, *, started: dt.datetime) -> Statement:
    """Write the scan's statement about the digest and return it."""
    return stages.record(
        session,
        "scan",
        Subject.image(session.config.repository, found.digest),
        found.facts(),
        inputs=inputs(session, found.digest),
        started=started,
        duration=found.seconds,
        reason="" if found.findings else " ".join(found.unasked),
    )


def inputs(session: Session, digest: str) -> str:
    """Return what a scan depends on: the digest, and the day, since advisories grow old."""
    more = (stages.now().date().isoformat(), session.config.env.get("TOWPATH_ADVISORIES", ""))
    return hashlib.sha256("\0".join((digest, *more)).encode()).hexdigest()


def contents(registry: RegistryClient, image: PlatformImage) -> dict[str, bytes]:
    """Return those files of an image that say what is installed in it, read from its layers."""
    files: dict[str, bytes] = {}
    for layer in oci.layers(image.manifest):
        try:
            with (
                registry.open_blob(layer.digest) as stream,
                tarfile.open(fileobj=stream, mode="r|*") as tar,
            ):
                oci.overlay(files, tar, _wanted)
        except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
            raise NothingToJudgeError(
                f"The layer {layer.digest} cannot be read.",
                why=f"{layer.media_type}: {error}",
                next_step="Install Trivy, which reads more formats.",
            ) from error
    return files


def _wanted(name: str) -> bool:
    return debian.wanted(name) or distributions.wanted(name)


def _built_in(
    session: Session,
    registry: RegistryClient,
    platforms: dict[str, PlatformImage],
    notes: _Notes,
) -> None:
    pins: set[tuple[str, str]] = set()
    for platform, image in platforms.items():
        with session.terminal.step(f"Look into {platform}"):
            try:
                files = contents(registry, image)
                found = distributions.read(files)
                packages = debian.installed(files)
            except NothingToJudgeError as error:
                notes.missing(error)
                continue
            pins.update(found)
            notes.looked_at[platform] = {"python": len(found), "debian": len(packages)}
            _debian(session, files, packages, platform, notes)
    with session.terminal.step("Ask for advisories"):
        _python(session, sorted(pins), notes)


def _debian(
    session: Session,
    files: dict[str, bytes],
    packages: Sequence[debian.Package],
    platform: str,
    notes: _Notes,
) -> None:
    """Count each pending security update as high: the archive does not rate it."""
    try:
        name = debian.codename(files)
        index = archive.security_index(session.config.env, name, platform.partition("/")[2])
        rows = debian.pending(packages, debian.available(index))
    except NothingToJudgeError as error:
        notes.missing(error)
        return
    notes.add(
        (
            Advisory(PENDING, row.name, row.installed, "high", f"{row.available} is there")
            for row in rows
        ),
        f"Debian's security archive, {name}",
    )


def _python(session: Session, pins: Sequence[tuple[str, str]], notes: _Notes) -> None:
    try:
        answer = advisories.audit(session, pins)
    except NothingToJudgeError as error:
        notes.missing(error)
        return
    age = "" if answer.age_days is None else f", {answer.age_days:g} days old"
    notes.add(answer.findings, f"{answer.source}{age}")


def _trivy(session: Session, reference: str, platform: str, notes: _Notes) -> None:
    log = session.config.reports / "logs" / "scan.log"
    try:
        ended = session.runner.run(trivy.image(reference, platform), log=log)
        notes.add(trivy_reader.read(ended.stdout), "Trivy")
    except (CommandFailedError, NothingToJudgeError) as error:
        notes.missing(error)
