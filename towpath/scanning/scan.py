"""Scan an image in the registry, every platform of it: vulnerabilities, size and contents.

Trivy finds vulnerabilities, if it is available. Otherwise Python distributions are compared with
the advisories of the security stage, and Debian packages with Debian's security archive. syft lists
the packages; the lists are attached to the digest.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from towpath import gates
from towpath.checks import sarif_files
from towpath.checks.security import advisories
from towpath.checks.security.advisories_reader import Advisory, canonical, unused
from towpath.config import Config
from towpath.config import waivers as policy
from towpath.config.workspace import Workspace
from towpath.core import environment, reachable
from towpath.core.errors import CommandFailedError, NothingToJudgeError, RegistryNotFoundError
from towpath.core.findings import Finding
from towpath.core.references import RELEASE
from towpath.core.subject import Subject
from towpath.evidence import record as stages
from towpath.evidence import stage_inputs
from towpath.evidence.advisory_sources import AdvisorySource
from towpath.evidence.provenance import Base
from towpath.evidence.statement import Statement
from towpath.images import origin, readback
from towpath.registry import image as registries
from towpath.registry.client import RegistryClient
from towpath.registry.image import Image
from towpath.rendering import requirements
from towpath.scanning import contents as inventory
from towpath.scanning import debian_reader as debian
from towpath.scanning import sbom, trivy
from towpath.scanning.contents import BASE, OURS, UNKNOWN, Inventory, Pin
from towpath.scanning.result import MB, Scan, ScanResult, Sizes
from towpath.scanning.security_archive import Archive

PENDING = "DEBIAN-SECURITY"
SARIF_VERSION = "1"


@dataclass
class _Notes:
    """The results that a scan collects."""

    findings: set[ScanResult] = field(default_factory=set)
    sources: set[AdvisorySource] = field(default_factory=set)
    unavailable: list[str] = field(default_factory=list)
    package_counts: dict[str, dict[str, int]] = field(default_factory=dict)

    def add(self, rows: Iterable[ScanResult], source: AdvisorySource) -> None:
        self.findings.update(rows)
        self.sources.add(source)

    def missing(self, error: NothingToJudgeError | CommandFailedError) -> None:
        text = " ".join(part for part in (error.what, error.why) if part)
        if text not in self.unavailable:
            self.unavailable.append(text)


def scan(workspace: Workspace, digest: str) -> Scan:
    """Scan every platform of the image with this digest.

    Raises RegistryError, NothingToJudgeError for unreadable attachments, and ConfigurationError for
    an invalid TOWPATH_TRIVY_IMAGE. A source that does not respond is a part of the result.
    """
    started = time.monotonic()
    registry = registries.client(workspace)
    image = registries.image(registry, digest)
    base = origin.base(registry, image.digest)
    notes = _Notes()
    with ThreadPoolExecutor(1) as pool:
        # syft reads the image while the sources of advisories are queried.
        listing = pool.submit(sbom.ensure_attached, workspace, registries.client(workspace), image)
        try:
            _weaknesses(workspace, registry, image, base, notes)
            with workspace.terminal.step("List the packages of every platform"):
                listed = listing.result()
        except KeyboardInterrupt:
            workspace.runner.stop()
            raise
    waivers = policy.advisory_notes(workspace.config.waivers)
    found = sorted(notes.findings, key=_order)
    return Scan(
        image.digest,
        tuple(row for row in found if not row.advisory.waived(waivers)),
        tuple(sorted(notes.sources, key=str)),
        tuple(notes.unavailable),
        _sizes(registry, image, base),
        listed,
        notes.package_counts,
        time.monotonic() - started,
        tuple(f"{row}; waived: {note}" for row in found if (note := row.advisory.waived(waivers))),
        tuple(unused(waivers, (row.advisory for row in found))),
        environment.shown(environment.network(workspace.config.env)),
    )


def _weaknesses(
    workspace: Workspace, registry: RegistryClient, image: Image, base: Base | None, notes: _Notes
) -> None:
    if trivy.command(workspace) is not None:
        _trivy(workspace, image, base, notes)
    else:
        _built_in(workspace, registry, image, base, notes)


def record(workspace: Workspace, scan: Scan, *, started: dt.datetime) -> Statement:
    """Write the scan's statement about the digest and its findings as SARIF."""
    if not scan.unavailable:
        for name in scan.waivers_unused:
            workspace.terminal.warn(policy.unused_warning(name))
    return stages.record(
        workspace,
        stages.StageRecord(
            stage="scan",
            subject=Subject.image(workspace.config.repository, scan.digest),
            facts=scan.facts() | _baseline(workspace.config, scan),
            inputs=inputs(workspace, scan.digest),
            started=started,
            duration=scan.seconds,
            reason=scan.reason(),
            artifacts=_sarif(workspace, scan),
            detail=(
                "" if scan.sizes.above_base else "its provenance has no base image; build it again"
            ),
        ),
    )


def _baseline(config: Config, scan: Scan) -> dict[str, dict[str, str]]:
    """Return how far the size is from the baseline and from the standard, if there is one."""
    size, most = config.baseline.of("scan").size, max(scan.sizes.above_base.values(), default=None)
    if size is None or most is None:
        return {}
    standard = gates.gate("IMAGE_SIZE", config.gates).limit
    words = f"baseline: {size:g} MB, today: {most / MB:.1f} MB, standard: {standard:g} MB"
    return {"baseline": {"IMAGE_SIZE": words}}


def inputs(workspace: Workspace, digest: str) -> str:
    """Return a hash of the inputs of a scan: the digest, the sources, and the date.

    The date is included because advisories change.
    """
    config = workspace.config
    more = (
        stage_inputs.today(),
        stage_inputs.advisories(config),
        Archive(workspace).address,
        trivy.identity(workspace),
        *environment.inputs(environment.network(config.env)),
    )
    return hashlib.sha256("\0".join((digest, *more)).encode()).hexdigest()


def _sarif(workspace: Workspace, found: Scan) -> list[Path]:
    """Write the findings as SARIF and return the file; none if a source did not respond."""
    rows = (
        None if found.unavailable else [_finding(workspace.config, row) for row in found.findings]
    )
    file = sarif_files.write_sarif(workspace.config, "scan", SARIF_VERSION, rows)
    return [] if file is None else [file]


def _finding(config: Config, row: ScanResult) -> Finding:
    """Return a finding at the file in which it can be fixed; for Debian packages the Dockerfile."""
    theirs = row.owner == BASE or row.advisory.id == PENDING
    dockerfile = config.image.dockerfile or "Dockerfile"
    path = dockerfile if theirs else requirements.find_source(config).file or dockerfile
    return Finding(path, 0, row.advisory.id, row.advisory.words(), row.advisory.severity)


def _order(row: ScanResult) -> tuple[str, str, str, str]:
    return (row.advisory.severity, row.advisory.package, row.advisory.id, row.owner)


def _sizes(registry: RegistryClient, image: Image, base: Base | None) -> Sizes:
    """Return the sizes, compared with the last promoted release."""
    growth: dict[str, int] = {}
    released = ""
    try:
        before = registries.image(registry, RELEASE)
    except RegistryNotFoundError:
        before = None
    if before is not None:
        released = before.digest
        growth = {
            name: size - before.sizes[name]
            for name, size in image.sizes.items()
            if name in before.sizes
        }
    return Sizes(image.sizes, readback.above_base(image, base), growth, released)


def _built_in(
    workspace: Workspace, registry: RegistryClient, image: Image, base: Base | None, notes: _Notes
) -> None:
    taken = _inventories(workspace, registry, image, base, notes)
    archive = Archive(workspace)
    with workspace.terminal.step("Check which sources of advisories can be reached"):
        suites = {archive.first(found.codename) for found in taken.values()}
        archive.missing = reachable.unreachable([*sorted(suites), *advisories.addresses(workspace)])
    with workspace.terminal.step("Look up advisories"):
        for platform, found in taken.items():
            _debian(archive, found, platform, notes)
        _python(workspace, _owners_of_pins(taken.values()), archive.missing, notes)


def _inventories(
    workspace: Workspace, registry: RegistryClient, image: Image, base: Base | None, notes: _Notes
) -> dict[str, Inventory]:
    """Return the contents of each platform; an unreadable one is noted as missing."""
    taken = {}
    for platform, part in image.platforms.items():
        with workspace.terminal.step(f"Read the contents of {platform}"):
            try:
                found = taken[platform] = inventory.read_inventory(registry, part, base)
            except NothingToJudgeError as error:
                notes.missing(error)
                continue
            notes.package_counts[platform] = {
                "python": len(found.pins),
                "debian": len(found.packages),
            }
    return taken


def _owners_of_pins(taken: Iterable[Inventory]) -> dict[Pin, str]:
    """Return the origin of each Python distribution.

    One that our layers install on any platform counts as ours.
    """
    owners: dict[Pin, str] = {}
    for found in taken:
        owners |= {pin: found.owner_of_pin(pin) for pin in found.pins if owners.get(pin) != OURS}
    return owners


def _debian(archive: Archive, found: Inventory, platform: str, notes: _Notes) -> None:
    """Count each pending security update as high: the archive does not rate it."""
    try:
        index, source = archive.packages(found.codename, platform.split("/")[1])
        rows = debian.pending(found.packages, debian.available(index))
    except NothingToJudgeError as error:
        notes.missing(error)
        return
    notes.add(
        (
            ScanResult(
                Advisory(
                    PENDING, row.name, row.installed, "high", f"update {row.available} is available"
                ),
                found.owner_of_package(debian.Package(row.name, row.installed)),
            )
            for row in rows
        ),
        source,
    )


def _python(
    workspace: Workspace, owners: Mapping[Pin, str], missing: Mapping[str, str], notes: _Notes
) -> None:
    try:
        answer = advisories.audit(workspace, sorted(owners), missing)
    except NothingToJudgeError as error:
        notes.missing(error)
        return
    notes.add(
        (
            ScanResult(row, owners.get((canonical(row.package), row.version), UNKNOWN))
            for row in answer.findings
        ),
        answer.source,
    )


def _trivy(workspace: Workspace, image: Image, base: Base | None, notes: _Notes) -> None:
    for platform, part in image.platforms.items():
        with workspace.terminal.step(f"Run Trivy on {platform}"):
            try:
                rows: Sequence[tuple[Advisory, str]] = trivy.scan(workspace, image.digest, platform)
            except (CommandFailedError, NothingToJudgeError) as error:
                notes.missing(error)
                continue
            owners = _owners(part.config.diff_ids, base, platform)
            notes.findings.update(
                ScanResult(row, owners.get(layer, UNKNOWN)) for row, layer in rows
            )
    _name_trivy(workspace, notes)


def _name_trivy(workspace: Workspace, notes: _Notes) -> None:
    """Record the version of Trivy and its database, after the scan."""
    try:
        notes.sources.add(trivy.advisory_source(workspace))
    except (CommandFailedError, NothingToJudgeError) as error:
        notes.missing(error)


def _owners(diff_ids: Sequence[str], base: Base | None, platform: str) -> dict[str, str]:
    """Return the origin of each layer, by its diff id, which Trivy reports."""
    if base is None:
        return {}
    below = len(base.layers.get(platform, ()))
    return {name: BASE if number < below else OURS for number, name in enumerate(diff_ids)}
