"""The scan reads the layers in the registry; what nobody could say is never zero."""

from __future__ import annotations

import io
import lzma
import tarfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.fakes import Answer, TableRunner, outcome
from tests.registry_server import Store, push_image
from tests.releases import START, labels, session_at
from towpath.errors import NothingToJudgeError
from towpath.flows import advisories, scan
from towpath.flows.advisories import Advisories
from towpath.flows.session import Session
from towpath.gates import Status
from towpath.readers.advisories import Advisory

pytestmark = pytest.mark.door

FILES = {
    "usr/lib/os-release": b"ID=debian\nVERSION_CODENAME=trixie\n",
    "var/lib/dpkg/status": b"Package: openssl\nStatus: install ok installed\nVersion: 3.5.1-1\n",
    "srv/lib/django-5.2.1.dist-info/METADATA": b"Name: Django\nVersion: 5.2.1\n",
    "srv/lib/django/db.py": b"not wanted",
}
CURRENT = "Package: openssl\nVersion: 3.5.1-1\n"
NEWER = "Package: openssl\nVersion: 3.5.1-1+deb13u1\n"
FOUND = Advisory("PVE-1", "django", "5.2.1", "medium", "a hole")


def layer(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return stream.getvalue()


class Archive(BaseHTTPRequestHandler):
    """Debian's security archive with one list for every architecture."""

    packages = CURRENT
    asked: list[str] = []

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the test's output clean."""

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(lzma.compress(self.packages.encode()))


@pytest.fixture
def archive() -> Iterator[tuple[type[Archive], str]]:
    handler = type("ThisArchive", (Archive,), {"asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield handler, f"http://127.0.0.1:{server.server_port}/debian-security/"
    server.shutdown()
    server.server_close()
    thread.join()


def session_of(root: Path, store: Store, mirror: str, **answers: Answer) -> Session:
    return session_at(
        root, store, TableRunner(answers), TOWPATH_DEBIAN_SECURITY=mirror, PATH="/nowhere"
    )


def answering(
    monkeypatch: pytest.MonkeyPatch, *findings: Advisory, error: str = ""
) -> list[list[tuple[str, str]]]:
    """Let the source of advisories answer so; return what it was asked about."""
    asked: list[list[tuple[str, str]]] = []

    def audit(session: Session, pins: list[tuple[str, str]]) -> Advisories:
        asked.append(pins)
        if error:
            raise NothingToJudgeError(error)
        return Advisories("a directory", 2.5, findings)

    monkeypatch.setattr(advisories, "audit", audit)
    return asked


def test_an_image_without_findings_has_zeros(
    store: Store, archive: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All sources answered for both platforms: the gates pass, and say who was asked."""
    digest = push_image(store.client(), labels(), layer=layer(FILES)).digest
    asked = answering(monkeypatch)
    session = session_of(tmp_path, store, archive[1])

    found = scan.scan(session, digest)

    facts = found.facts()
    assert [facts[name] for name in ("critical", "high", "medium", "low")] == [0, 0, 0, 0]
    assert found.sources == ("Debian's security archive, trixie", "a directory, 2.5 days old")
    assert found.looked_at == {
        "linux/amd64": {"python": 1, "debian": 1},
        "linux/arm64": {"python": 1, "debian": 1},
    }
    assert asked == [[("django", "5.2.1")]]
    assert archive[0].asked == [
        "/debian-security/dists/trixie-security/main/binary-amd64/Packages.xz",
        "/debian-security/dists/trixie-security/main/binary-arm64/Packages.xz",
    ]
    assert scan.record(session, found, started=START).status is Status.PASSED


def test_a_pending_update_counts_as_high_once(
    store: Store, archive: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same finding on both platforms is one; the gate says no."""
    archive[0].packages = NEWER
    digest = push_image(store.client(), labels(), layer=layer(FILES)).digest
    answering(monkeypatch, FOUND)
    session = session_of(tmp_path, store, archive[1])

    found = scan.scan(session, digest)

    facts = found.facts()
    assert [facts[name] for name in ("critical", "high", "medium", "low")] == [0, 1, 1, 0]
    assert [(row.package, row.severity) for row in found.findings] == [
        ("openssl", "high"),
        ("django", "medium"),
    ]
    assert scan.record(session, found, started=START).status is Status.FAILED


def test_advisories_out_of_reach_leave_no_zero(
    store: Store, archive: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows that there is nothing: the gates are errored, with the reason."""
    digest = push_image(store.client(), labels(), layer=layer(FILES)).digest
    answering(monkeypatch, error="No source could be asked.")
    session = session_of(tmp_path, store, archive[1])

    found = scan.scan(session, digest)

    assert not {"critical", "high", "medium", "low"} & found.facts().keys()
    statement = scan.record(session, found, started=START)
    assert statement.status is Status.ERRORED
    assert statement.reason == "No source could be asked."


def test_what_was_found_counts_though_another_source_was_silent(
    store: Store, archive: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pending update fails the gate, whoever else did not answer."""
    archive[0].packages = NEWER
    digest = push_image(store.client(), labels(), layer=layer(FILES)).digest
    answering(monkeypatch, error="No source could be asked.")
    session = session_of(tmp_path, store, archive[1])

    found = scan.scan(session, digest)

    assert found.facts()["high"] == 1
    assert "critical" not in found.facts()
    assert scan.record(session, found, started=START).status is Status.FAILED


def test_an_archive_out_of_reach_leaves_no_zero(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Debian that could not be asked is as silent as any other source."""
    digest = push_image(store.client(), labels(), layer=layer(FILES)).digest
    answering(monkeypatch)
    found = scan.scan(session_of(tmp_path, store, "http://127.0.0.1:1"), digest)

    assert "high" not in found.facts()
    assert len(found.unasked) == 2
    assert "for trixie on amd64 could not be asked" in found.unasked[0]


def test_a_layer_that_cannot_be_read_is_no_clean_image(
    store: Store, archive: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A layer in a form that we do not know leaves the scan errored."""
    digest = push_image(store.client(), labels(), layer=b"\x28\xb5\x2f\xfd zstd").digest
    asked = answering(monkeypatch, error="There is no dependency to ask about.")
    found = scan.scan(session_of(tmp_path, store, archive[1]), digest)

    assert found.looked_at == {}
    assert "cannot be read" in found.unasked[0]
    assert "high" not in found.facts()
    assert asked == [[]]


def test_trivy_scans_each_platform_where_it_is_installed(store: Store, tmp_path: Path) -> None:
    """With Trivy on PATH it is asked, by digest, for each platform."""
    (tmp_path / "trivy").touch(mode=0o755)
    digest = push_image(store.client(), labels(), layer=layer(FILES)).digest
    report = '{"Results": [{"Class": "os-pkgs"}]}'
    runner = TableRunner({"platform=linux/amd64": report, "platform=linux/arm64": outcome(code=1)})
    session = session_at(tmp_path, store, runner, PATH=str(tmp_path))

    found = scan.scan(session, digest)

    assert [line.rpartition(" ")[2] for line in runner.lines] == [
        f"{store.host}/towpath/dashboard@{digest}"
    ] * 2
    assert found.sources == ("Trivy",)
    assert "trivy failed" in found.unasked[0]
    assert "high" not in found.facts()


def test_the_inputs_change_with_the_advisories(store: Store, tmp_path: Path) -> None:
    """The same digest is scanned again when another directory of advisories is named."""
    one = scan.inputs(session_at(tmp_path, store, TOWPATH_ADVISORIES="a"), "d")
    other = scan.inputs(session_at(tmp_path, store, TOWPATH_ADVISORIES="b"), "d")

    assert one != other
