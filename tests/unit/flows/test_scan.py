"""The scan reads the layers in the registry; what nobody could say is never zero."""

from __future__ import annotations

import datetime as dt
import json
import lzma
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.fakes import Answer, QuietTerminal, TableRunner, outcome
from tests.layers import layer
from tests.registry_server import Store, push_image
from tests.releases import START, labels, session_at
from tests.unit.readers.test_spdx import spdx_of
from towpath import provenance
from towpath.errors import ConfigurationError, NothingToJudgeError
from towpath.evidence import Subject
from towpath.flows import advisories, attached, scan, scanned
from towpath.flows.advisories import Advisories
from towpath.flows.session import Session
from towpath.gates import Status
from towpath.policy import Waiver
from towpath.provenance import Base, Provenance
from towpath.readers import oci, spdx
from towpath.readers.advisories import Advisory
from towpath.runner import Outcome

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
    """Push an image of these files above its base, with the provenance of a build."""
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
    (root / "requirements").mkdir()
    (root / "requirements" / "syft.txt").touch()
    runner = TableRunner({"-m uv": "", **syft(store), **answers})
    (root / ".nox" / "syft").mkdir(parents=True)
    return session_at(root, store, runner, TOWPATH_DEBIAN_SECURITY=mirror, PATH="/nowhere")


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
    digest = pushed(store)
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
    digest = pushed(store)
    answering(monkeypatch, FOUND)
    session = session_of(tmp_path, store, archive[1])

    found = scan.scan(session, digest)

    facts = found.facts()
    assert [facts[name] for name in ("critical", "high", "medium", "low")] == [0, 1, 1, 0]
    assert [(row.advisory.package, row.advisory.severity) for row in found.findings] == [
        ("openssl", "high"),
        ("django", "medium"),
    ]
    assert scan.record(session, found, started=START).status is Status.FAILED


def test_advisories_out_of_reach_leave_no_zero(
    store: Store, archive: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows that there is nothing: the gates are errored, with the reason."""
    digest = pushed(store)
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
    digest = pushed(store)
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
    digest = pushed(store)
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
    digest = pushed(store)
    report = '{"Results": [{"Class": "os-pkgs"}]}'
    session = session_of(
        tmp_path,
        store,
        "",
        **{
            "image-src=remote --platform=linux/amd64": report,
            "trivy image": outcome(code=1),
        },
    )
    session.config.env["PATH"] = str(tmp_path)  # type: ignore[index]
    runner = session.runner
    assert isinstance(runner, TableRunner)

    found = scan.scan(session, digest)

    assert [line.rpartition(" ")[2] for line in runner.lines if line.startswith("trivy")] == [
        f"{store.host}/towpath/dashboard@{digest}"
    ] * 2
    assert found.sources == ("Trivy",)
    assert "trivy failed" in found.unasked[0]
    assert "high" not in found.facts()


def test_trivy_says_whose_layer_it_was(store: Store, tmp_path: Path) -> None:
    """A finding in a layer of the base is the base's, one above it is ours."""
    found = {"VulnerabilityID": "CVE-1", "PkgName": "p", "InstalledVersion": "1", "Severity": "LOW"}
    report = {
        "Results": [
            {
                "Class": "os-pkgs",
                "Vulnerabilities": [
                    found | {"Layer": {"DiffID": "sha256:0"}},
                    found | {"PkgName": "q", "Layer": {"DiffID": "sha256:1"}},
                    found | {"PkgName": "r"},
                ],
            }
        ]
    }
    digest = pushed(store)
    session = session_of(tmp_path, store, "", **{"docker run": json.dumps(report)})
    session.config.env["TOWPATH_TRIVY_IMAGE"] = f"trivy@{digest}"  # type: ignore[index]

    owners = {row.advisory.package: row.owner for row in scan.scan(session, digest).findings}

    assert owners == {"p": "base", "q": "ours", "r": ""}
    assert isinstance(session.runner, TableRunner)
    line, _ = (line for line in session.runner.lines if line.startswith("docker run"))
    assert f" trivy@{digest} image --quiet" in line


@pytest.mark.parametrize("image", ["aquasec/trivy", "aquasec/trivy:0.57", "trivy@sha256:12", "@x"])
def test_a_scanner_without_a_whole_digest_is_refused(
    store: Store, tmp_path: Path, image: str
) -> None:
    """A tag can be moved by others: nothing is run by it."""
    digest = pushed(store)
    session = session_of(tmp_path, store, "")
    session.config.env["TOWPATH_TRIVY_IMAGE"] = image  # type: ignore[index]

    with pytest.raises(ConfigurationError, match="digest"):
        scan.scan(session, digest)


def test_what_the_base_brought_is_told_from_ours(
    store: Store, archive: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A package of the base that waits for an update is the base's; our dependency is ours."""
    archive[0].packages = NEWER
    base = {name: FILES[name] for name in FILES if not name.startswith("srv/")}
    ours = {name: FILES[name] for name in FILES if name.startswith("srv/")}
    answering(monkeypatch, FOUND)

    found = scan.scan(session_of(tmp_path, store, archive[1]), pushed(store, ours, base))

    assert {row.advisory.package: row.owner for row in found.findings} == {
        "openssl": "base",
        "django": "ours",
    }
    assert found.facts()["owners"]["base"]["high"] == 1
    assert found.facts()["owners"]["ours"]["medium"] == 1


def test_a_waived_finding_is_kept_and_does_not_count(
    store: Store, archive: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A waiver of what nobody found is told, but not where a source was silent."""
    answering(monkeypatch, replace(FOUND, id="PVE-2026-1"))
    digest = pushed(store)
    session = session_of(tmp_path, store, archive[1])
    waivers = [
        Waiver(name, "known", dt.date(2099, 1, 31)) for name in ("PVE-2026-1", "CVE-2026-1234")
    ]
    session = replace(session, config=replace(session.config, waivers=tuple(waivers)))
    terminal = session.terminal
    assert isinstance(terminal, QuietTerminal)

    found = scan.scan(session, digest)
    statement = scan.record(session, found, started=START)

    assert (found.facts()["medium"], found.findings) == (0, ())
    assert statement.facts["waived"] == [
        "PVE-2026-1: django 5.2.1 (medium) a hole [ours]; waived: known (until 2099-01-31)"
    ]
    assert "The waiver of CVE-2026-1234 excuses nothing here" in terminal.said
    assert "The waiver of PVE-2026-1 " not in terminal.said

    told = terminal.said
    answering(monkeypatch, error="No source could be asked.")
    scan.record(session, scan.scan(session, digest), started=START)
    assert terminal.said.count("excuses nothing") == told.count("excuses nothing")


def test_findings_are_written_as_sarif(
    store: Store, archive: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is on the file in which it is mended; a scan that could not ask leaves no log."""
    archive[0].packages = NEWER
    answering(monkeypatch, FOUND)
    digest = pushed(store)
    session = session_of(tmp_path, store, archive[1])
    file = tmp_path / "reports" / "sarif" / "scan.sarif"

    statement = scan.record(session, scan.scan(session, digest), started=START)

    results = json.loads(file.read_bytes())["runs"][0]["results"]
    places = {
        row["ruleId"]: row["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        for row in results
    }
    assert places == {"DEBIAN-SECURITY": "Dockerfile", "PVE-1": "requirements/production.txt"}
    assert list(statement.artifacts) == ["reports/sarif/scan.sarif"]

    answering(monkeypatch, error="No source could be asked.")
    scan.record(session, scan.scan(session, digest), started=START)
    assert not file.exists()


def test_sizes_are_told_against_base_and_release(
    store: Store, archive: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The size above the base is judged; the growth since the last release is shown."""
    answering(monkeypatch)
    before = push_image(store.client(), labels(), layer=layer(), tag="release")
    digest = pushed(store)
    session = session_of(tmp_path, store, archive[1])

    found = scan.scan(session, digest)
    facts = found.facts()

    ours = len(layer(FILES))
    assert facts["above_base"] == {"linux/amd64": ours, "linux/arm64": ours}
    assert facts["above_base_mb"] == round(ours / 1e6, 3)
    assert facts["released"] == before.digest
    bare = ours + len(layer({"etc/base": b""})) - len(layer())
    assert bare < facts["growth"]["linux/arm64"] < bare + 99, "the config has grown a little too"
    scanned.show(session, found)
    assert isinstance(session.terminal, QuietTerminal)
    assert "since the release" in session.terminal.written


def test_an_image_whose_base_nobody_names_has_no_size_to_judge(
    store: Store, archive: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without provenance the size above the base is no fact: errored, never small."""
    answering(monkeypatch)
    digest = push_image(store.client(), labels(), layer=layer(FILES)).digest
    session = session_of(tmp_path, store, archive[1])

    statement = scan.record(session, scan.scan(session, digest), started=START)

    assert statement.status is Status.ERRORED
    assert "above_base_mb" not in statement.facts
    assert "build it again" in statement.reason


def test_every_platform_gets_its_list_of_packages_once(
    store: Store, archive: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lists hang on the digest, one a platform; a second scan makes none."""
    answering(monkeypatch)
    digest = pushed(store)
    session = session_of(tmp_path, store, archive[1])

    scan.scan(session, digest)
    found = scan.scan(session, digest)

    assert found.facts()["sbom"] == {"linux/amd64": 2, "linux/arm64": 2}
    assert found.facts()["sbom_missing"] == 0
    assert isinstance(session.runner, TableRunner)
    assert sum("bin/syft" in line for line in session.runner.lines) == 2
    rows = attached.artifacts(store.client(), digest, spdx.ARTIFACT_TYPE)
    assert {row.document["annotations"]["dev.towpath.platform"] for row in rows} == {
        "linux/amd64",
        "linux/arm64",
    }


@pytest.mark.parametrize(
    "answer", [outcome(code=1, stderr="no route"), "", '{"spdxVersion": "SPDX-2.3"', "[]"]
)
def test_a_list_that_could_not_be_made_is_errored(
    store: Store, archive: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: Answer
) -> None:
    """syft that fails, says nothing or half of it leaves no fact and nothing attached."""
    answering(monkeypatch)
    digest = pushed(store)
    session = session_of(tmp_path, store, archive[1])
    assert isinstance(session.runner, TableRunner)
    session.runner.answers["bin/syft scan"] = answer

    statement = scan.record(session, scan.scan(session, digest), started=START)

    assert statement.status is Status.ERRORED
    assert "sbom_missing" not in statement.facts
    assert "linux/amd64" in statement.reason
    assert attached.artifacts(store.client(), digest, spdx.ARTIFACT_TYPE) == []


def test_without_the_pins_of_syft_there_is_no_list(
    store: Store, archive: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message names the file, and the rest of the scan is there."""
    answering(monkeypatch)
    digest = pushed(store)
    session = session_of(tmp_path, store, archive[1])
    (tmp_path / "requirements" / "syft.txt").unlink()

    found = scan.scan(session, digest)

    assert "requirements/syft.txt" in found.listed.missing["linux/amd64"]
    assert found.facts()["high"] == 0


def test_the_inputs_change_with_the_advisories(store: Store, tmp_path: Path) -> None:
    """The same digest is scanned again when another directory of advisories is named."""
    one = scan.inputs(session_at(tmp_path, store, TOWPATH_ADVISORIES="a"), "d")
    other = scan.inputs(session_at(tmp_path, store, TOWPATH_ADVISORIES="b"), "d")

    assert one != other
