"""The result of a scan: vulnerabilities with their origin, sizes, and package counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from towpath.checks.security.advisories_reader import Advisory, by_severity
from towpath.config.workspace import Workspace
from towpath.evidence import advisory_sources as sources
from towpath.evidence.advisory_sources import AdvisorySource
from towpath.scanning.contents import BASE, OURS, UNKNOWN
from towpath.scanning.sbom import SbomCounts

MB = 1e6


@dataclass(frozen=True)
class ScanResult:
    """A vulnerability, and where it comes from: the base image, our layers, or unknown."""

    advisory: Advisory
    owner: str = UNKNOWN

    def __str__(self) -> str:
        return f"{self.advisory} [{self.owner or 'origin unknown'}]"


@dataclass(frozen=True)
class Sizes:
    """Compressed bytes of each platform: in total, above its base, and growth since the release.

    `above_base` and `growth` are empty without a base image or a release to compare with.
    """

    compressed: Mapping[str, int]
    above_base: Mapping[str, int]
    growth: Mapping[str, int]
    released: str = ""

    def facts(self) -> dict[str, Any]:
        """Return the facts; the gate judges the largest platform, in MB."""
        most = max(self.above_base.values(), default=None)
        return {
            "sizes": dict(self.compressed),
            "above_base": dict(self.above_base),
            "growth": dict(self.growth),
            "released": self.released,
        } | ({} if most is None else {"above_base_mb": round(most / MB, 3)})


@dataclass(frozen=True)
class Scan:
    """The result of a scan; `sources` responded, `unavailable` says why others did not.

    `findings` count; `waived` describes those with a waiver, and `waivers_unused` are advisories
    with a waiver that were not found. `variables` are those of the network. `seconds` is the
    duration.
    """

    digest: str
    findings: tuple[ScanResult, ...]
    sources: tuple[AdvisorySource, ...]
    unavailable: tuple[str, ...]
    sizes: Sizes
    listed: SbomCounts
    package_counts: dict[str, dict[str, int]] = field(default_factory=dict)
    seconds: float = 0.0
    waived: tuple[str, ...] = ()
    waivers_unused: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)

    def facts(self) -> dict[str, Any]:
        """Return the facts for the gates.

        If a source did not respond, a count of 0 is left out as unknown; other counts stay.
        Without every package list, the fact about missing lists is left out too.
        """
        counts = by_severity(row.advisory for row in self.findings)
        known = {name: count for name, count in counts.items() if count or not self.unavailable}
        unlisted = {} if self.listed.missing else {"sbom_missing": self._unlisted()}
        return (
            known
            | unlisted
            | self.sizes.facts()
            | sources.facts(self.sources)
            | {
                "digest": self.digest,
                "variables": dict(self.variables),
                "unavailable_sources": list(self.unavailable),
                "package_counts": self.package_counts,
                "findings": [str(row) for row in self.findings],
                "waived": list(self.waived),
                "owners": self.owners(),
                "sbom": dict(self.listed.packages),
            }
        )

    def owners(self) -> dict[str, dict[str, int]]:
        """Return findings by severity for each owner that has any."""
        return {
            owner
            or "unknown": by_severity(row.advisory for row in self.findings if row.owner == owner)
            for owner in (BASE, OURS, UNKNOWN)
            if any(row.owner == owner for row in self.findings)
        }

    def reason(self) -> str:
        """Return why the verdict is incomplete; empty if a finding decides it."""
        missing = [f"{name}: {why}" for name, why in self.listed.missing.items()]
        return " ".join((*(() if self.findings else self.unavailable), *missing))

    def _unlisted(self) -> int:
        return len(set(self.sizes.compressed) - set(self.listed.packages))


def show(workspace: Workspace, scan: Scan) -> None:
    """Print the findings, the sources, and the size and growth of each platform."""
    for row in scan.findings:
        workspace.terminal.warn(str(row))
    workspace.terminal.table(
        f"Scan of {scan.digest}",
        ("platform", "packages", "compressed", "above base image", "since release"),
        [
            (
                platform,
                str(scan.listed.packages.get(platform, "not listed")),
                _mb(size),
                _mb(scan.sizes.above_base.get(platform)),
                _mb(scan.sizes.growth.get(platform), "+", "no release yet"),
            )
            for platform, size in scan.sizes.compressed.items()
        ],
    )
    for owner, counts in scan.owners().items():
        words = ", ".join(f"{count} {name}" for name, count in counts.items())
        workspace.terminal.say(f"{owner}: {words}")
    workspace.terminal.say(f"Sources: {'; '.join(map(str, scan.sources)) or 'none'}")


def _mb(size: int | None, sign: str = "", absent: str = "unknown") -> str:
    return absent if size is None else f"{size / MB:{sign}.1f} MB"
