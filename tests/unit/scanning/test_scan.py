"""The scan reads the layers in the registry; what nobody could say is never zero."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import QuietTerminal
from tests.layers import layer
from tests.registry_server import Store, push_image
from tests.releases import START, labels, workspace_at
from tests.unit.scanning.scanning import FILES, FOUND, NEWER, answering, pushed, workspace_of
from towpath.checks.security import advisories
from towpath.config.waivers import Waiver
from towpath.core import reachable
from towpath.gates import Status
from towpath.scanning import result as scanned
from towpath.scanning import scan

pytestmark = pytest.mark.door


def test_an_image_without_findings_has_zeros(
    store: Store, archive: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All sources answered for both platforms: the gates pass, and say who was asked."""
    digest = pushed(store)
    asked = answering(monkeypatch)
    workspace = workspace_of(tmp_path, store, archive[1])

    found = scan.scan(workspace, digest)

    facts = found.facts()
    assert [facts[name] for name in ("critical", "high", "medium", "low")] == [0, 0, 0, 0]
    assert [str(row) for row in found.sources] == [
        f"Debian's security archive, trixie ({archive[1].rstrip('/')};"
        " verified by Debian's signature; 1.5 days old)",
        "safety (a directory; verified by nothing; 2.5 days old)",
    ]
    assert (facts["age_days"], facts["foreign"]) == (2.5, ["a directory"])
    assert found.package_counts == {
        "linux/amd64": {"python": 1, "debian": 1},
        "linux/arm64": {"python": 1, "debian": 1},
    }
    assert asked == [[("django", "5.2.1")]]
    assert archive[0].asked == [
        "/debian-security/dists/trixie-security/InRelease",
        "/debian-security/dists/trixie-security/main/binary-amd64/Packages.xz",
        "/debian-security/dists/trixie-security/main/binary-arm64/Packages.xz",
    ]
    assert scan.record(workspace, found, started=START).status is Status.PASSED


def test_a_pending_update_counts_as_high_once(
    store: Store, archive: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same finding on both platforms is one; the gate says no."""
    archive[0].packages = NEWER
    digest = pushed(store)
    answering(monkeypatch, FOUND)
    workspace = workspace_of(tmp_path, store, archive[1])

    found = scan.scan(workspace, digest)

    facts = found.facts()
    assert [facts[name] for name in ("critical", "high", "medium", "low")] == [0, 1, 1, 0]
    assert [(row.advisory.package, row.advisory.severity) for row in found.findings] == [
        ("openssl", "high"),
        ("django", "medium"),
    ]
    assert scan.record(workspace, found, started=START).status is Status.FAILED


def test_advisories_out_of_reach_leave_no_zero(
    store: Store, archive: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows that there is nothing: the gates are errored, with the reason."""
    digest = pushed(store)
    answering(monkeypatch, error="No source could be asked.")
    workspace = workspace_of(tmp_path, store, archive[1])

    found = scan.scan(workspace, digest)

    assert not {"critical", "high", "medium", "low"} & found.facts().keys()
    statement = scan.record(workspace, found, started=START)
    assert statement.status is Status.ERRORED
    assert statement.reason == "No source could be asked."


def test_what_was_found_counts_though_another_source_was_silent(
    store: Store, archive: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pending update fails the gate, whoever else did not answer."""
    archive[0].packages = NEWER
    digest = pushed(store)
    answering(monkeypatch, error="No source could be asked.")
    workspace = workspace_of(tmp_path, store, archive[1])

    found = scan.scan(workspace, digest)

    assert found.facts()["high"] == 1
    assert "critical" not in found.facts()
    assert scan.record(workspace, found, started=START).status is Status.FAILED


def test_an_archive_out_of_reach_leaves_no_zero(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Debian that could not be asked is as silent as any other source."""
    digest = pushed(store)
    answering(monkeypatch)
    found = scan.scan(workspace_of(tmp_path, store, "http://127.0.0.1:1"), digest)

    assert "high" not in found.facts()
    assert len(found.unavailable) == 1
    assert "Cannot query Debian's security archive for trixie-security" in found.unavailable[0]


def test_all_sources_are_tried_at_once_and_nobody_is_waited_for(
    store: Store, archive: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The archive and those of Python's packages; each that is out of reach is named once."""
    tried: list[list[str]] = []

    def none_of_them(addresses: list[str]) -> dict[str, str]:
        tried.append(addresses)
        return dict.fromkeys(addresses, "No route.")

    monkeypatch.setattr(reachable, "unreachable", none_of_them)
    workspace = workspace_of(tmp_path, store, archive[1])
    first = f"{archive[1]}dists/trixie-security/InRelease"

    found = scan.scan(workspace, pushed(store))

    assert tried == [[first, advisories.SAFETY, advisories.INDEX]]
    assert [text.count("No route.") for text in found.unavailable] == [1, 2]
    assert archive[0].asked == []


def test_a_layer_that_cannot_be_read_is_no_clean_image(
    store: Store, archive: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A layer in a form that we do not know leaves the scan errored."""
    digest = push_image(store.client(), labels(), layer=b"\x28\xb5\x2f\xfd zstd").digest
    asked = answering(monkeypatch, error="There is no dependency to ask about.")
    found = scan.scan(workspace_of(tmp_path, store, archive[1]), digest)

    assert found.package_counts == {}
    assert "Cannot read" in found.unavailable[0]
    assert "high" not in found.facts()
    assert asked == [[]]


def test_what_the_base_brought_is_told_from_ours(
    store: Store, archive: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A package of the base that waits for an update is the base's; our dependency is ours."""
    archive[0].packages = NEWER
    base = {name: FILES[name] for name in FILES if not name.startswith("srv/")}
    ours = {name: FILES[name] for name in FILES if name.startswith("srv/")}
    answering(monkeypatch, FOUND)

    found = scan.scan(workspace_of(tmp_path, store, archive[1]), pushed(store, ours, base))

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
    workspace = workspace_of(tmp_path, store, archive[1])
    waivers = [
        Waiver(name, "known", dt.date(2099, 1, 31)) for name in ("PVE-2026-1", "CVE-2026-1234")
    ]
    workspace = replace(workspace, config=replace(workspace.config, waivers=tuple(waivers)))
    terminal = workspace.terminal
    assert isinstance(terminal, QuietTerminal)

    found = scan.scan(workspace, digest)
    statement = scan.record(workspace, found, started=START)

    assert (found.facts()["medium"], found.findings) == (0, ())
    assert statement.facts["waived"] == [
        "PVE-2026-1: django 5.2.1 (medium) a hole [ours]; waived: known (until 2099-01-31)"
    ]
    assert "The waiver of CVE-2026-1234 is not needed here" in terminal.said
    assert "The waiver of PVE-2026-1 " not in terminal.said

    told = terminal.said
    answering(monkeypatch, error="No source could be asked.")
    scan.record(workspace, scan.scan(workspace, digest), started=START)
    assert terminal.said.count("excuses nothing") == told.count("excuses nothing")


def test_findings_are_written_as_sarif(
    store: Store, archive: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is on the file in which it is mended; a scan that could not ask leaves no log."""
    archive[0].packages = NEWER
    answering(monkeypatch, FOUND)
    digest = pushed(store)
    workspace = workspace_of(tmp_path, store, archive[1])
    (tmp_path / "requirements").mkdir(exist_ok=True)
    (tmp_path / "requirements/production.txt").write_text("django==5.2 --hash=sha256:00\n")
    file = tmp_path / "reports" / "sarif" / "scan.sarif"

    statement = scan.record(workspace, scan.scan(workspace, digest), started=START)

    results = json.loads(file.read_bytes())["runs"][0]["results"]
    places = {
        row["ruleId"]: row["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        for row in results
    }
    assert places == {"DEBIAN-SECURITY": "Dockerfile", "PVE-1": "requirements/production.txt"}
    assert list(statement.artifacts) == ["reports/sarif/scan.sarif"]

    answering(monkeypatch, error="No source could be asked.")
    scan.record(workspace, scan.scan(workspace, digest), started=START)
    assert not file.exists()


def test_sizes_are_told_against_base_and_release(
    store: Store, archive: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The size above the base is judged; the growth since the last release is shown."""
    answering(monkeypatch)
    before = push_image(store.client(), labels(), layer=layer(), tag="release")
    digest = pushed(store)
    workspace = workspace_of(tmp_path, store, archive[1])

    found = scan.scan(workspace, digest)
    facts = found.facts()

    ours = len(layer(FILES))
    assert facts["above_base"] == {"linux/amd64": ours, "linux/arm64": ours}
    assert facts["above_base_mb"] == round(ours / 1e6, 3)
    assert facts["released"] == before.digest
    bare = ours + len(layer({"etc/base": b""})) - len(layer())
    assert bare < facts["growth"]["linux/arm64"] < bare + 99, "the config has grown a little too"
    scanned.show(workspace, found)
    assert isinstance(workspace.terminal, QuietTerminal)
    assert "since release" in workspace.terminal.written


def test_an_image_whose_base_nobody_names_has_no_size_to_judge(
    store: Store, archive: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without provenance the size above the base is no fact: errored, never small."""
    answering(monkeypatch)
    digest = push_image(store.client(), labels(), layer=layer(FILES)).digest
    workspace = workspace_of(tmp_path, store, archive[1])

    statement = scan.record(workspace, scan.scan(workspace, digest), started=START)

    assert statement.status is Status.ERRORED
    assert "above_base_mb" not in statement.facts
    assert "build it again" in statement.reason


def test_the_inputs_change_with_the_advisories(store: Store, tmp_path: Path) -> None:
    """The same digest is scanned again when another directory of advisories is named."""
    one = scan.inputs(workspace_at(tmp_path, store, TOWPATH_ADVISORIES="a"), "d")
    other = scan.inputs(workspace_at(tmp_path, store, TOWPATH_ADVISORIES="b"), "d")

    assert one != other


def test_the_inputs_change_with_a_byte_of_the_advisories(store: Store, tmp_path: Path) -> None:
    """A directory of the same name may have other data by now."""
    (tmp_path / "data").mkdir()
    workspace = workspace_at(tmp_path, store, TOWPATH_ADVISORIES="data")
    seen = set()
    for text in ("{}", "{ }"):
        (tmp_path / "data" / "insecure.json").write_text(text)
        seen.add(scan.inputs(workspace, "d"))

    assert len(seen) == 2
