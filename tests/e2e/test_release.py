"""One digest from the build to production, for both platforms, and the dashboard knows of it."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import requests

from tests.e2e.conftest import ROOT, invoke, live, report_of, run
from towpath.config import Config, load

STAGING, PRODUCTION = 8081, 8080


@pytest.fixture(scope="session")
def config() -> Config:
    """Return the project's own settings."""
    return load(ROOT, os.environ)


@pytest.fixture(scope="session")
def digest(released: dict[str, Any]) -> str:
    """Return the digest that the run built."""
    found: str = released["stages"]["build"]["digest"]
    return found


def docker(*argv: str) -> str:
    """Run a Docker command against the engine that the pipeline uses."""
    from towpath.engine.discover import find

    ended = run(ROOT, "docker", *argv, env=dict(find(os.environ).environment))
    assert ended.code == 0, ended.said
    return ended.out


def test_the_report_fits_its_schema(released: dict[str, Any]) -> None:
    """The report of a real run is what the dashboard's schema wants."""
    schema = json.loads((ROOT / "app/releases/report.schema.json").read_text())

    jsonschema.Draft202012Validator(schema).validate(released)
    assert released["status"] == "passed"
    assert list(released["stages"]) == [
        "lint",
        "test",
        "integration",
        "security",
        "build",
        "scan",
        "promote-test",
        "deploy",
        "verify",
        "promote-release",
        "deploy-production",
        "verify-production",
        "monitor",
    ]


@pytest.mark.parametrize("tag", ["built", "test", "release"])
def test_every_tag_points_at_the_digest_with_both_platforms(
    tag: str, digest: str, config: Config
) -> None:
    """`docker buildx imagetools inspect` shows what the report says."""
    shown = json.loads(
        docker(
            "buildx",
            "imagetools",
            "inspect",
            "--format={{json .Manifest}}",
            f"{config.images}:{tag}",
        )
    )

    platforms = {
        f"{row['platform']['os']}/{row['platform']['architecture']}" for row in shown["manifests"]
    }
    assert shown["digest"] == digest
    assert platforms == {"linux/amd64", "linux/arm64"}


@pytest.mark.parametrize("port", [STAGING, PRODUCTION])
def test_the_proxy_answers_with_version_and_digest(
    port: int, digest: str, released: dict[str, Any]
) -> None:
    """The health answer and the page name the release that serves."""
    answer = live(port)
    page = requests.get(f"http://127.0.0.1:{port}/", timeout=10).text

    assert answer["digest"] == digest
    assert answer["version"] == released["version"]
    assert released["version"] in page
    assert digest in page


def test_the_containers_run_the_digest(digest: str, config: Config) -> None:
    """What the engine runs in staging and production is the digest, not only its name."""
    for environment in ("staging", "production"):
        project = f"label=com.docker.compose.project={config.name}-{environment}"
        web = "label=com.docker.compose.service=web"
        ids = docker("ps", "--quiet", "--filter", project, "--filter", web).split()
        rows = docker("inspect", "--format={{.Config.Image}}", *ids).split()
        assert rows == [config.images.at(digest)] * config.environments[environment].replicas


def test_the_arm64_image_passes_its_health_check(digest: str, config: Config) -> None:
    """The other platform starts under emulation and its HEALTHCHECK says healthy."""
    name = "towpath-e2e-arm64"
    docker(
        "run",
        "--detach",
        "--rm",
        "--platform=linux/arm64",
        f"--name={name}",
        "--read-only",
        "--tmpfs=/tmp",
        "--env=SECRET_KEY=" + "e2e" * 20,
        "--env=ALLOWED_HOSTS=localhost",
        "--env=ENVIRONMENT=testing",
        config.images.at(digest),
    )
    try:
        deadline = time.monotonic() + 180
        state = "starting"
        while state == "starting" and time.monotonic() < deadline:
            time.sleep(2)
            state = docker("inspect", "--format={{.State.Health.Status}}", name).strip()
        machine = docker("exec", name, "python", "-c", "import platform; print(platform.machine())")
        assert state == "healthy", docker("logs", name)
        assert machine.strip() == "aarch64"
    finally:
        docker("rm", "--force", name)


def test_the_dashboard_lists_the_run(released: dict[str, Any]) -> None:
    """The staging dashboard was told of the run and shows where the digest runs."""
    page = requests.get(f"http://127.0.0.1:{STAGING}/runs/{released['run']}/", timeout=10)

    assert page.status_code == 200
    assert released["version"] in page.text
    assert "deploy-production" in page.text


def test_unchanged_the_chain_reuses_its_evidence(released: dict[str, Any]) -> None:
    """A second run shows every check as reused, and deploys nothing new."""
    ended = invoke(ROOT, "pipeline", "--to=test", CI="", TOWPATH_BRANCH="")
    again = report_of(ROOT)

    assert ended.code == 0, ended.said
    assert [again["stages"][name].get("reused") for name in ("lint", "test", "integration")] == [
        True,
        True,
        True,
    ]
    assert again["stages"]["build"]["digest"] == released["stages"]["build"]["digest"]
    assert live(STAGING)["digest"] == released["stages"]["build"]["digest"]


def test_the_evidence_can_be_read_from_the_registry(digest: str, tmp_path: Path) -> None:
    """Another machine judges from the registry alone."""
    ended = invoke(ROOT, "evidence.verify", f"--image={digest}")

    assert ended.code == 0, ended.said
