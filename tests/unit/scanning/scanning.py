"""What tests of the scan share: an image, who answers about it, and a session that asks them."""

from __future__ import annotations

import datetime as dt
import hashlib
import lzma
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import Answer, TableRunner, outcome
from tests.layers import layer
from tests.registry_server import Store, push_image
from tests.releases import labels, workspace_at
from tests.unit.scanning.test_spdx_reader import spdx_of
from towpath.checks.security import advisories
from towpath.checks.security.advisories import Advisories
from towpath.checks.security.advisories_reader import Advisory
from towpath.config.workspace import Workspace
from towpath.core.errors import NothingToJudgeError
from towpath.core.runner import Outcome
from towpath.core.subject import Subject
from towpath.evidence import provenance
from towpath.evidence import record as stages
from towpath.evidence.advisory_sources import AdvisorySource
from towpath.evidence.provenance import Base, Provenance
from towpath.registry import attachments as attached
from towpath.registry import oci_reader as oci
from towpath.scanning import release_reader as release
from towpath.scanning import signatures_commands as signatures

FILES = {
    "usr/lib/os-release": b"ID=debian\nVERSION_CODENAME=trixie\n",
    "var/lib/dpkg/status": b"Package: openssl\nStatus: install ok installed\nVersion: 3.5.1-1\n",
    "srv/lib/django-5.2.1.dist-info/METADATA": b"Name: Django\nVersion: 5.2.1\n",
    "srv/lib/django/db.py": b"not wanted",
}
CURRENT = "Package: openssl\nVersion: 3.5.1-1\n"
NEWER = "Package: openssl\nVersion: 3.5.1-1+deb13u1\n"
MADE = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)
FOUND = Advisory("PVE-1", "django", "5.2.1", "medium", "a hole")


def syft(store: Store) -> dict[str, Answer]:
    """Answer as syft does, for the platform of the image that it is asked about."""

    def run(argv: tuple[str, ...]) -> Outcome:
        index = store.client().manifest(argv[2].rpartition("@")[2])
        (platform,) = (part.partition("=")[2] for part in argv if "--platform" in part)
        (manifest,) = (row.digest for row in oci.children(index) if row.platform == platform)
        return outcome(spdx_of(manifest))

    return {"bin/syft scan": run}


def pushed(
    store: Store, files: dict[str, bytes] = FILES, base: dict[str, bytes] | None = None
) -> str:
    """Push an image of these files above its base image, with the provenance of a build."""
    below, ours = layer(base or {"etc/base": b""}), layer(files)
    index = push_image(store.client(), labels(), layer=below, more=(ours,))
    layers = {name: (oci.sha256(below),) for name in ("linux/amd64", "linux/arm64")}
    made = Provenance({}, "c", "t", "", Base("python:3.13-slim", layers), "docker", "", "")
    attached.attach(
        store.client(),
        index,
        provenance.ARTIFACT_TYPE,
        made.encode(Subject.image("towpath/dashboard", index.digest)),
        media_type=provenance.MEDIA_TYPE,
    )
    return index.digest


def in_release(packages: str, suite: str = "trixie-security", **fields: str) -> bytes:
    """Return the list of an archive's files, in the form of a signed message."""
    content = lzma.compress(packages.encode())
    paths = [f"main/binary-{name}/Packages.xz" for name in ("amd64", "arm64")]
    rows = {"Codename": suite, "Date": f"{MADE:%a, %d %b %Y %H:%M:%S} UTC", **fields}
    lines = [
        *("-----BEGIN PGP SIGNED MESSAGE-----", "Hash: SHA256", ""),
        *(f"{key.replace('_', '-')}: {value}" for key, value in rows.items()),
        "SHA256:",
        *(f" {hashlib.sha256(content).hexdigest()} {len(content)} {path}" for path in paths),
        *("-----BEGIN PGP SIGNATURE-----", "", "aaaa", "-----END PGP SIGNATURE-----", ""),
    ]
    return "\n".join(lines).encode()


def verifier(argv: tuple[str, ...]) -> Outcome:
    """Answer as gpgv does about a good signature: what was signed is in its output."""
    Path(argv[3]).write_text(release.message(Path(argv[4]).read_bytes()))
    return outcome()


class Archive(BaseHTTPRequestHandler):
    """Debian's security archive with one list for every architecture."""

    packages = CURRENT
    asked: list[str] = []
    promised: bytes = b""

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the test's output clean."""

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(200)
        self.end_headers()
        if self.path.endswith("/InRelease"):
            self.wfile.write(self.promised or in_release(self.packages))
        else:
            self.wfile.write(lzma.compress(self.packages.encode()))


def workspace_of(root: Path, store: Store, mirror: str, **answers: Answer) -> Workspace:
    (root / "requirements").mkdir()
    (root / "requirements" / "syft.txt").touch()
    runner = TableRunner({"-m uv": "", "gpgv": verifier, **syft(store), **answers})
    (root / ".nox" / "syft").mkdir(parents=True)
    return workspace_at(root, store, runner, TOWPATH_DEBIAN_SECURITY=mirror, PATH="/nowhere")


def answering(
    monkeypatch: pytest.MonkeyPatch, *findings: Advisory, error: str = ""
) -> list[list[tuple[str, str]]]:
    """Let the source of advisories answer so; return what it was asked about."""
    asked: list[list[tuple[str, str]]] = []

    def audit(workspace: Workspace, pins: list[tuple[str, str]], *_missing: Any) -> Advisories:
        asked.append(pins)
        if error:
            raise NothingToJudgeError(error)
        return Advisories(AdvisorySource("safety", "a directory", "nothing", 2.5, True), findings)

    monkeypatch.setattr(advisories, "audit", audit)
    monkeypatch.setattr(signatures, "KEYRING", __file__)
    monkeypatch.setattr(stages, "now", lambda: MADE + dt.timedelta(days=1.5))
    return asked
