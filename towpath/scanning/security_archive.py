"""Debian's security archive: its lists of packages, verified by signature or https."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from towpath.config.workspace import Workspace
from towpath.core import tool_home as private
from towpath.core.errors import CommandFailedError, NothingToJudgeError
from towpath.evidence import record as stages
from towpath.evidence.advisory_sources import AdvisorySource
from towpath.scanning import archive_client as door
from towpath.scanning import release_reader as reader
from towpath.scanning import signatures_commands as signatures
from towpath.scanning.release_reader import ArchiveRelease

VARIABLE = "TOWPATH_DEBIAN_SECURITY"
ARCHIVE = "https://deb.debian.org/debian-security"
# Limits in bytes, several times the current size.
LIST, PACKAGES = 10_000_000, 100_000_000
SIGNED, TRANSPORT = "Debian's signature", "https"
NEXT = f"Set {VARIABLE} to a mirror that can be reached, over https or with Debian's signature."


@dataclass
class Archive:
    """A security archive, queried once for each suite, also if that fails.

    `keyring` has the trusted keys; `missing` maps addresses that cannot be reached to the reason.
    """

    workspace: Workspace
    missing: Mapping[str, str] = field(default_factory=dict)
    keyring: str = field(default_factory=lambda: signatures.KEYRING)
    _suites: dict[str, ArchiveRelease | NothingToJudgeError] = field(default_factory=dict)
    _checked: dict[str, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """The address of the archive; `TOWPATH_DEBIAN_SECURITY` sets a mirror."""
        return (self.workspace.config.env.get(VARIABLE, "") or ARCHIVE).rstrip("/")

    def first(self, codename: str) -> str:
        """Return the address of the first file of a Debian release, InRelease."""
        return f"{self.address}/dists/{codename}-security/InRelease"

    def packages(self, codename: str, architecture: str) -> tuple[str, AdvisorySource]:
        """Return the list of a suite's packages, and what evidence shows of the archive.

        Raises NothingToJudgeError if it could not be asked, or nothing shows that it is Debian's.
        """
        suite = f"{codename}-security"
        found = self._suites.get(suite) or self._load(suite)
        if isinstance(found, NothingToJudgeError):
            raise found
        path = f"main/binary-{architecture}/Packages.xz"
        fetched = door.fetch(f"{self.address}/dists/{suite}/{path}", PACKAGES)
        checked = self._checked[suite]
        source = AdvisorySource(
            f"Debian's security archive, {codename}",
            self.address,
            checked,
            found.age_days(stages.now()),
            foreign=self.address != ARCHIVE and checked != SIGNED,
        )
        return found.unpacked(path, fetched.content), source

    def _load(self, suite: str) -> ArchiveRelease | NothingToJudgeError:
        """Load and cache InRelease of a suite, or the error."""
        try:
            found: ArchiveRelease | NothingToJudgeError = self._promised(suite)
        except NothingToJudgeError as error:
            found = NothingToJudgeError(
                f"Cannot query Debian's security archive for {suite}.",
                why=" ".join(part for part in (error.what, error.why) if part),
                next_step=NEXT,
            )
        self._suites[suite] = found
        return found

    def _promised(self, suite: str) -> ArchiveRelease:
        listed = f"{self.address}/dists/{suite}/InRelease"
        if listed in self.missing:
            raise NothingToJudgeError(f"{listed}: {self.missing[listed]}")
        fetched = door.fetch(listed, LIST)
        verified = self._verified(fetched.content)
        if verified is None and not fetched.secure:
            raise NothingToJudgeError(
                f"Cannot verify {self.address}: it is not accessed over https, and its"
                " signature cannot be"
                " checked.",
                why=f"Checking it needs gpgv or sqv, and Debian's keys in {self.keyring}.",
            )
        self._checked[suite] = TRANSPORT if verified is None else SIGNED
        text = reader.message(fetched.content) if verified is None else verified
        return reader.read_release(text, suite)

    def _verified(self, raw: bytes) -> str | None:
        """Return the signed text; None if this machine cannot check signatures.

        Raises NothingToJudgeError for an invalid signature, or one of an unknown key.
        """
        if not Path(self.keyring).is_file():
            return None
        with tempfile.TemporaryDirectory(prefix="towpath-") as scratch, private.home() as home:
            signed, output = Path(scratch) / "InRelease", Path(scratch) / "verified"
            signed.write_bytes(raw)
            for argv in signatures.verifiers(self.keyring, str(signed), str(output)):
                try:
                    ended = self.workspace.runner.run(argv, env=home, check=False)
                except CommandFailedError:
                    continue  # It is not installed.
                if not ended.ok or not output.is_file():
                    raise NothingToJudgeError(
                        f"Invalid signature: {self.address} is not signed by Debian.",
                        why=ended.tail(),
                    )
                return output.read_text(encoding="utf-8", errors="replace")
        return None
