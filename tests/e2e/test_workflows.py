"""The `run:` lines of the workflows, job by job, each in a clean checkout, as GitHub runs them.

What the jobs may do is held by tests/unit/test_workflows.py.
"""

from __future__ import annotations

import re
import shutil
import venv
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.conftest import LEAN, ROOT, invoke, report_of, run

WORKFLOWS = ROOT / ".github/workflows"
# The registry of this machine takes everybody: there is nobody to log in as.
LEFT_OUT = ("Log in to the registry",)


def steps(name: str, job: str) -> list[dict[str, Any]]:
    """Return the steps of a workflow's job."""
    document = yaml.safe_load((WORKFLOWS / name).read_text())
    found: list[dict[str, Any]] = document["jobs"][job]["steps"]
    return found


def lines(name: str, job: str) -> list[str]:
    """Return the lines that a job types, without those of the steps that are left out."""
    rows = [step["run"] for step in steps(name, job) if "run" in step]
    return [line for row in rows for line in row.splitlines()]


@dataclass
class Replay:
    """A run of a workflow: what its jobs hand on, as GitHub keeps it between their machines."""

    env: dict[str, str]
    place: Path
    outputs: dict[str, str] = field(default_factory=dict)

    def job(self, name: str, job: str, target: Path) -> None:
        """Type what a job types, in a checkout of its own, with the artifacts that it takes."""
        noted = self.place / f"{job}.outputs"
        for step in steps(name, job):
            if artifact := _artifact(step, "download"):
                (target / "reports").mkdir(exist_ok=True)
                shutil.copy(self.place / f"{artifact}.json", target / "reports")
            elif "run" in step and step["name"] not in LEFT_OUT:
                more = {key: self._filled(value) for key, value in step.get("env", {}).items()}
                env = {**self.env, **more, "GITHUB_OUTPUT": str(noted)}
                ended = run(target, "bash", "-euo", "pipefail", "-c", step["run"], env=env)
                assert ended.code == 0, f"{step['run']}\n{ended.said}"
            elif (artifact := _artifact(step, "upload")) and artifact.startswith("evidence-"):
                shutil.copy(target / step["with"]["path"], self.place / f"{artifact}.json")
        for line in noted.read_text().splitlines() if noted.exists() else ():
            self.outputs[f"needs.{job}.outputs.evidence"] = line.removeprefix("sha256=")

    def _filled(self, value: str) -> str:
        """Return a variable of a step: what an earlier job or the person put there."""
        found = re.fullmatch(r"\$\{\{ (.+) \}\}", value)
        return self.outputs[found[1]] if found else value


def _artifact(step: dict[str, Any], verb: str) -> str:
    """Return the name of the artifact that a step hands on or takes; often none."""
    is_that = step.get("uses", "").startswith(f"actions/{verb}-artifact@")
    return str(step["with"]["name"]) if is_that else ""


@pytest.mark.parametrize(
    ("name", "job", "wanted"),
    [
        ("pipeline.yml", "checks", ["nox -s lint tests -- --fresh"]),
        (
            "pipeline.yml",
            "build",
            ["invoke registry.start", "invoke build --platforms=amd64,arm64", "invoke scan"],
        ),
        ("pipeline.yml", "publish", ["invoke build --platforms=amd64,arm64", "invoke scan"]),
        ("pipeline.yml", "promote", ['invoke promote-test --digest="$digest"']),
        ("release.yml", "release", ['invoke promote-release --digest="$DIGEST"']),
    ],
)
def test_the_workflow_says_what_people_type(name: str, job: str, wanted: list[str]) -> None:
    """The steps of CI are the commands of a laptop, in this order."""
    assert [line for line in lines(name, job) if line in wanted] == wanted


def test_the_workflows_run_in_clean_checkouts(
    checkout: Callable[[str], Path], released: dict[str, Any], tmp_path: Path
) -> None:
    """Job by job, from installing the pipeline to the release of the verified digest."""
    venv.create(tmp_path / "python", with_pip=True)
    targets = {name: checkout(name) for name in ("checks", "publish", "promote", "release")}
    head = run(targets["checks"], "git", "rev-parse", "HEAD").out.strip()
    env = {
        **LEAN,
        "PATH": f"{tmp_path / 'python/bin'}:{LEAN['PATH']}",
        "CI": "true",
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_NAME": "push",
        "GITHUB_REF": "refs/heads/main",
        "GITHUB_SHA": head,
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        "TOWPATH_BRANCH": "",
    }

    replay = Replay(env, tmp_path)
    for job in ("checks", "publish", "promote"):
        replay.job("pipeline.yml", job, targets[job])
    deployed = invoke(targets["promote"], "deploy", "--environment=staging", CI="true")
    assert deployed.code == 0, deployed.said
    started = {
        **env,
        "GITHUB_EVENT_NAME": "workflow_dispatch",
        "GITHUB_REF": "refs/heads/release/1",
    }
    digest = released["stages"]["build"]["digest"]
    Replay(started, tmp_path, {"inputs.digest": digest}).job(
        "release.yml", "release", targets["release"]
    )


def test_a_run_writes_the_job_summary(checkout: Callable[[], Path], tmp_path: Path) -> None:
    """In GitHub the summary has the table of the stages and the log has folds."""
    summary = tmp_path / "summary.md"
    target = checkout()
    (target / "app/releases/planted.py").write_text("import os\n")
    ended = invoke(
        target,
        "pipeline",
        "--to=scan",
        GITHUB_ACTIONS="true",
        GITHUB_STEP_SUMMARY=str(summary),
        CI="",
    )

    assert ended.code == 4, ended.said
    assert report_of(target)["stages"]["lint"]["status"] == "failed"
    assert "| lint | ❌ |" in summary.read_text()
    assert "::group::lint" in ended.said
    assert "::endgroup::" in ended.said
