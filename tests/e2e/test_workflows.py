"""The `run:` lines of the workflows, in order, in a clean checkout, as GitHub would run them."""

from __future__ import annotations

import re
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.conftest import LEAN, ROOT, invoke, report_of, run

WORKFLOWS = ROOT / ".github/workflows"
# What holds in the replay: a push, with a registry on this machine and none configured.
HOLDS = {
    "": True,
    "github.event_name == 'push'": True,
    "env.TOWPATH_REGISTRY == ''": True,
    "env.TOWPATH_REGISTRY != ''": False,
}


def steps(name: str) -> list[dict[str, Any]]:
    """Return the steps of a workflow's main job, which is named like its file."""
    document = yaml.safe_load((WORKFLOWS / name).read_text())
    found: list[dict[str, Any]] = document["jobs"][name.removesuffix(".yml")]["steps"]
    return found


def lines(name: str) -> list[tuple[str, dict[str, str]]]:
    """Return the `run:` lines that hold in the replay, each with the step's environment."""
    return [
        (step["run"], step.get("env", {}))
        for step in steps(name)
        if "run" in step and HOLDS[step.get("if", "")]
    ]


@pytest.mark.parametrize("name", ["pipeline.yml", "release.yml"])
def test_actions_are_pinned_and_permissions_least(name: str) -> None:
    """Every action is pinned by a commit SHA, and a job states what it may do."""
    text = (WORKFLOWS / name).read_text()
    document = yaml.safe_load(text)
    uses = re.findall(r"uses: (\S+)", text)

    assert uses
    assert [row for row in uses if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", row)] == []
    assert document["permissions"] == {}
    jobs = document["jobs"]
    assert {job["permissions"]["contents"] for job in jobs.values()} == {"read"}
    writers = {name for name in jobs if "security-events" in jobs[name]["permissions"]}
    assert writers <= {"code-scanning"}


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        (
            "pipeline.yml",
            ["nox -s lint tests", "invoke build --platforms=amd64,arm64", "invoke promote-test"],
        ),
        ("release.yml", ['invoke promote-release --digest="$DIGEST"']),
    ],
)
def test_the_workflow_says_what_people_type(name: str, wanted: list[str]) -> None:
    """The steps of CI are the commands of a laptop, in this order."""
    found = [line for line, _ in lines(name) if line in wanted]

    assert found == wanted


def test_the_workflows_run_in_a_clean_checkout(
    checkout: Callable[[], Path], released: dict[str, Any]
) -> None:
    """Line by line, from installing the pipeline to the release of the verified digest."""
    target = checkout()
    runner = target.parent / "python"
    venv.create(runner, with_pip=True)
    env = {
        **LEAN,
        "PATH": f"{runner / 'bin'}:{LEAN['PATH']}",
        "CI": "true",
        "GITHUB_ACTIONS": "true",
        "GITHUB_REF_NAME": "main",
        "GITHUB_STEP_SUMMARY": str(target.parent / "summary.md"),
        "TOWPATH_BRANCH": "",
    }

    for line, _ in lines("pipeline.yml"):
        ended = run(target, "bash", "-euo", "pipefail", "-c", line, env=env)
        assert ended.code == 0, f"{line}\n{ended.said}"
    deployed = invoke(target, "deploy", "--environment=staging", CI="true")
    assert deployed.code == 0, deployed.said
    digest = released["stages"]["build"]["digest"]
    for line, _ in lines("release.yml"):
        ended = run(target, "bash", "-euo", "pipefail", "-c", line, env={**env, "DIGEST": digest})
        assert ended.code == 0, f"{line}\n{ended.said}"


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
