"""What a scan found: weaknesses and whose they are, sizes, and the lists of packages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from towpath.checks.security.advisories_reader import Advisory, by_severity
from towpath.config.workspace import Workspace
from towpath.evidence import advisory_sources as sources
from towpath.evidence.advisory_sources import Asked
from towpath.scanning.contents import BASE, OURS, UNKNOWN
from towpath.scanning.sbom import SbomCounts

MB = 1e6


@dataclass(frozen=True)
class ScanResult:
    """A weakness, and whose it is: the base's, ours, or nobody knows."""

    advisory: Advisory
    owner: str = UNKNOWN

    def __str__(self) -> str:
        return f"{self.advisory} [{self.owner or 'owner unknown'}]"


@dataclass(frozen=True)
class Sizes:
    """Compressed bytes of each platform: all of it, above its base, and more than released.

    `above_base` and `growth` are empty where there is no base or no release to compare with.
    """

    whole: Mapping[str, int]
    above_base: Mapping[str, int]
    growth: Mapping[str, int]
    released: str = ""

    def facts(self) -> dict[str, Any]:
        """Return the facts; the gate judges the largest platform, in MB."""
        most = max(self.above_base.values(), default=None)
        return {
            "sizes": dict(self.whole),
            "above_base": dict(self.above_base),
            "growth": dict(self.growth),
            "released": self.released,
        } | ({} if most is None else {"above_base_mb": round(most / MB, 3)})


@dataclass(frozen=True)
class Scan:
    """What was found in an image, by whom, and what could not be asked. Seconds.

    `findings` count; `waived` are those that a waiver names, in words, and `waivers_unused` are the
    advisories that a waiver names and nobody found. `variables` say how the network was reached.
    """

    digest: str
    findings: tuple[ScanResult, ...]
    asked: tuple[Asked, ...]
    unasked: tuple[str, ...]
    sizes: Sizes
    listed: SbomCounts
    looked_at: dict[str, dict[str, int]] = field(default_factory=dict)
    seconds: float = 0.0
    waived: tuple[str, ...] = ()
    waivers_unused: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)

    def facts(self) -> dict[str, Any]:
        """Return the facts for the gates.

        Where a source gave no answer a count of 0 is left out: nobody knows that it is 0. What was
        found counts all the same. So with the lists of packages: one that could not be made leaves
        no fact.
        """
        counts = by_severity(row.advisory for row in self.findings)
        known = {name: count for name, count in counts.items() if count or not self.unasked}
        unlisted = {} if self.listed.missing else {"sbom_missing": self._unlisted()}
        return (
            known
            | unlisted
            | self.sizes.facts()
            | sources.facts(self.asked)
            | {
                "digest": self.digest,
                "variables": dict(self.variables),
                "unasked": list(self.unasked),
                "looked_at": self.looked_at,
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
        """Return why there is no whole verdict, where nothing at all was found; else nothing."""
        missing = [f"{name}: {why}" for name, why in self.listed.missing.items()]
        return " ".join((*(() if self.findings else self.unasked), *missing))

    def _unlisted(self) -> int:
        return len(set(self.sizes.whole) - set(self.listed.packages))


def show(workspace: Workspace, found: Scan) -> None:
    """Tell what was found, who was asked, how large each platform is and how it grew."""
    for row in found.findings:
        workspace.terminal.warn(str(row))
    workspace.terminal.table(
        f"Scan of {found.digest}",
        ("platform", "packages", "compressed", "above its base", "since the release"),
        [
            (
                platform,
                str(found.listed.packages.get(platform, "not listed")),
                _mb(size),
                _mb(found.sizes.above_base.get(platform)),
                _mb(found.sizes.growth.get(platform), "+", "no release yet"),
            )
            for platform, size in found.sizes.whole.items()
        ],
    )
    for owner, counts in found.owners().items():
        words = ", ".join(f"{count} {name}" for name, count in counts.items())
        workspace.terminal.say(f"{owner}: {words}")
    workspace.terminal.say(f"Asked: {'; '.join(map(str, found.asked)) or 'nobody'}")


def _mb(size: int | None, sign: str = "", absent: str = "not known") -> str:
    return absent if size is None else f"{size / MB:{sign}.1f} MB"
