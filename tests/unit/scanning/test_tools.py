"""Trivy where it is installed, and the lists of packages that syft makes."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import Answer, TableRunner, outcome
from tests.registry_server import Store
from tests.releases import START
from tests.unit.scanning.scanning import MADE, answering, pushed, workspace_of
from towpath.core import pins
from towpath.core.errors import ConfigurationError
from towpath.evidence import record as stages
from towpath.gates import Status
from towpath.registry import attachments as attached
from towpath.scanning import scan
from towpath.scanning import spdx_reader as spdx

pytestmark = pytest.mark.door


def test_trivy_scans_each_platform_where_it_is_installed(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With Trivy on PATH it is asked, by digest, for each platform."""
    (tmp_path / "trivy").touch(mode=0o755)
    digest = pushed(store)
    report = '{"Results": [{"Class": "os-pkgs"}]}'
    version = {"Version": "0.68.1", "VulnerabilityDB": {"UpdatedAt": "2026-11-24T00:17:23.14325Z"}}
    monkeypatch.setattr(stages, "now", lambda: MADE + dt.timedelta(days=3.1))
    answers: dict[str, Answer] = {
        "image-src=remote --platform=linux/amd64": report,
        "trivy version": json.dumps(version),
        "trivy image": outcome(code=1),
    }
    workspace = workspace_of(tmp_path, store, "", **answers)
    workspace.config.env["PATH"] = str(tmp_path)  # type: ignore[index]
    runner = workspace.runner
    assert isinstance(runner, TableRunner)

    found = scan.scan(workspace, digest)

    assert [line.rpartition(" ")[2] for line in runner.lines if line.startswith("trivy image")] == [
        f"{store.host}/towpath/dashboard@{digest}"
    ] * 2
    assert [str(row) for row in found.sources] == [
        "Trivy 0.68.1 (trivy; verified by nothing; 3.1 days old)"
    ]
    assert found.facts()["foreign"] == ["trivy"]
    assert "trivy failed" in found.unavailable[0]
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
    answers: dict[str, Answer] = {"version --format": "{}", "docker run": json.dumps(report)}
    workspace = workspace_of(tmp_path, store, "", **answers)
    workspace.config.env["TOWPATH_TRIVY_IMAGE"] = f"trivy@{digest}"  # type: ignore[index]

    owners = {row.advisory.package: row.owner for row in scan.scan(workspace, digest).findings}

    assert owners == {"p": "base", "q": "ours", "r": ""}
    assert isinstance(workspace.runner, TableRunner)
    line, _ = (line for line in workspace.runner.lines if " image --quiet" in line)
    assert f" trivy@{digest} image --quiet" in line


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("{}", "The field 'Version' is missing."),
        ("", "Expecting value"),
        ('{"Version": "1", "VulnerabilityDB": {"UpdatedAt": "soon"}}', "Invalid isoformat"),
        (
            '{"Version": "1", "VulnerabilityDB": {"UpdatedAt": "2026-11-24T00:00:00"}}',
            "A field is invalid",
        ),
        ('{"Version": "1", "VulnerabilityDB": {"UpdatedAt": "2099-11-24T00:00:00Z"}}', "future"),
    ],
)
def test_a_database_of_no_known_age_is_no_verdict(
    store: Store, tmp_path: Path, said: str, why: str
) -> None:
    """Whatever was found in the image counts all the same."""
    (tmp_path / "trivy").touch(mode=0o755)
    report = '{"Results": [{"Class": "os-pkgs"}]}'
    answers: dict[str, Answer] = {"trivy version": said, "trivy image": report}
    workspace = workspace_of(tmp_path, store, "", **answers)
    workspace.config.env["PATH"] = str(tmp_path)  # type: ignore[index]

    facts = scan.scan(workspace, pushed(store)).facts()

    assert why in facts["unavailable_sources"][0]
    assert not {"high", "age_days"} & facts.keys()


def test_another_trivy_or_mirror_is_another_scan(store: Store, tmp_path: Path) -> None:
    """A scan of today is not reused where somebody else is asked, or over another proxy."""
    digest = pushed(store)
    workspace = workspace_of(tmp_path, store, "")
    program = tmp_path / "bin" / "trivy"
    program.parent.mkdir()
    seen = {scan.inputs(workspace, digest)}
    for change in (
        {"PATH": str(program.parent)},
        {"TOWPATH_TRIVY_IMAGE": f"trivy@{digest}"},
        {"TOWPATH_DEBIAN_SECURITY": "https://mirror.example"},
        {"https_proxy": "http://proxy:3128"},
        {"SSL_CERT_FILE": "/ca.pem"},
    ):
        program.touch(mode=0o755)
        workspace.config.env.update(change)  # type: ignore[attr-defined]
        seen.add(scan.inputs(workspace, digest))
    program.write_text("another")
    del workspace.config.env["TOWPATH_TRIVY_IMAGE"]  # type: ignore[attr-defined]
    seen.add(scan.inputs(workspace, digest))

    assert len(seen) == 7


@pytest.mark.parametrize("image", ["aquasec/trivy", "aquasec/trivy:0.57", "trivy@sha256:12", "@x"])
def test_a_scanner_without_a_whole_digest_is_refused(
    store: Store, tmp_path: Path, image: str
) -> None:
    """A tag can be moved by others: nothing is run by it."""
    digest = pushed(store)
    workspace = workspace_of(tmp_path, store, "")
    workspace.config.env["TOWPATH_TRIVY_IMAGE"] = image  # type: ignore[index]

    with pytest.raises(ConfigurationError, match="digest"):
        scan.scan(workspace, digest)


def test_every_platform_gets_its_list_of_packages_once(
    store: Store, archive: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lists hang on the digest, one a platform; a second scan makes none."""
    answering(monkeypatch)
    digest = pushed(store)
    workspace = workspace_of(tmp_path, store, archive[1])

    scan.scan(workspace, digest)
    found = scan.scan(workspace, digest)

    assert found.facts()["sbom"] == {"linux/amd64": 2, "linux/arm64": 2}
    assert found.facts()["sbom_missing"] == 0
    assert isinstance(workspace.runner, TableRunner)
    assert sum("bin/syft" in line for line in workspace.runner.lines) == 2
    rows = attached.artifacts(store.client(), digest, spdx.ARTIFACT_TYPE)
    assert {row.document["annotations"]["dev.towpath.platform"] for row in rows} == {
        "linux/amd64",
        "linux/arm64",
    }


def test_no_settings_of_a_person_or_a_project_reach_syft_or_trivy(
    store: Store, archive: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They run elsewhere, where there is no .syft.yaml and no .trivyignore; logins are found."""
    answering(monkeypatch)
    workspace = workspace_of(tmp_path, store, archive[1])
    seen: list[tuple[str, Path | None, dict[str, str]]] = []
    assert isinstance(workspace.runner, TableRunner)
    plain = workspace.runner.run

    def run(argv: Any, **options: Any) -> Any:
        seen.append((argv[0], options.get("cwd"), dict(options.get("env") or {})))
        assert options.get("cwd") is None or list(options["cwd"].iterdir()) == []
        return plain(argv, **options)

    monkeypatch.setattr(workspace.runner, "run", run)
    workspace.config.env["HOME"] = "/home/me"  # type: ignore[index]
    digest = pushed(store)

    scan.scan(workspace, digest)
    (tmp_path / "trivy").touch(mode=0o755)
    workspace.config.env["PATH"] = str(tmp_path)  # type: ignore[index]
    workspace.runner.answers |= {"trivy": "{}"}
    scan.scan(workspace, digest)

    homes = [env["HOME"] for program, _, env in seen if program.endswith("/syft")]
    assert len(homes) == 2 and "/home/me" not in homes
    rows = [row for row in seen if row[0].endswith(("/syft", "trivy")) and row[1] is not None]
    assert len(rows) == 4, "each on two platforms"
    assert all(row[1] != tmp_path for row in rows)
    assert {row[2].get("DOCKER_CONFIG") for row in rows} == {"/home/me/.docker", None}


@pytest.mark.parametrize(
    "answer", [outcome(code=1, stderr="no route"), "", '{"spdxVersion": "SPDX-2.3"', "[]"]
)
def test_a_list_that_could_not_be_made_is_errored(
    store: Store, archive: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: Answer
) -> None:
    """syft that fails, says nothing or half of it leaves no fact and nothing attached."""
    answering(monkeypatch)
    digest = pushed(store)
    workspace = workspace_of(tmp_path, store, archive[1])
    assert isinstance(workspace.runner, TableRunner)
    workspace.runner.answers["bin/syft scan"] = answer

    statement = scan.record(workspace, scan.scan(workspace, digest), started=START)

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
    workspace = workspace_of(tmp_path, store, archive[1])
    (tmp_path / "requirements" / "syft.txt").unlink()
    monkeypatch.setattr(pins, "PACKAGE", tmp_path / "nowhere")

    found = scan.scan(workspace, digest)

    assert "requirements/syft.txt" in found.listed.missing["linux/amd64"]
    assert found.facts()["high"] == 0
