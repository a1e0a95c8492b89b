"""Other people's projects: `init`, then lint and tests, with the package as people install it.

No engine is needed, and no network but the package registry.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import LEAN, ROOT, Ended, run
from tests.strangers import projects

UV = (sys.executable, "-m", "uv")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the package, built from this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    done = run(ROOT, *UV, "build", "--quiet", "--wheel", "--out-dir", str(folder))
    assert done.code == 0, done.said
    (found,) = folder.glob("*.whl")
    return found


def start(name: str, root: Path, wheel: Path) -> Path:
    """Write a project, let `init` look at it, and commit what that wrote."""
    project = projects.make(name, root)
    done = run(project, *UV, "tool", "run", f"--from={wheel}", "towpath", "init", "--yes")
    assert done.code == 0, done.said
    projects.run(root, "git", "add", "-A")
    who = ("-c", "user.name=A Stranger", "-c", "user.email=stranger@example.com")
    projects.run(root, "git", *who, "commit", "-q", "-m", "Towpath")
    return project


def dev(project: Path, wheel: Path, *argv: str) -> Ended:
    """Run a command with the project's own script."""
    return run(project, "./dev", *argv, env={**LEAN, "TOWPATH_PACKAGE": str(wheel)})


def evidence(project: Path, stage: str) -> dict[str, Any]:
    """Return the predicate of a stage's statement."""
    file = project / "reports/evidence" / f"{stage}.json"
    found: dict[str, Any] = json.loads(file.read_text())["predicate"]
    return found


def verdict(project: Path, stage: str, gate: str) -> str:
    """Return the reason of a gate's verdict, which has its status in front."""
    (row,) = [row for row in evidence(project, stage)["verdicts"] if row["gate"] == gate]
    return f"{row['status']}: {row['reason']}"


@pytest.mark.parametrize(
    ("name", "ran", "left_out", "tests"),
    [
        ("startproject", {"django-deploy-check"}, {"black", "flake8", "mypy", "ruff"}, 1),
        ("pip-tools", {"flake8", "isort", "requirements-drift"}, {"black", "mypy", "ruff"}, 3),
        ("uv", {"ruff"}, {"black", "flake8", "mypy"}, 3),
        ("poetry", {"black", "mypy"}, {"flake8", "isort", "ruff"}, 3),
    ],
)
def test_a_project_passes_lint_and_tests_right_after_init(
    name: str, ran: set[str], left_out: set[str], tests: int, tmp_path: Path, wheel: Path
) -> None:
    """Its own linters ran, in its own versions; what was left out is named; its tests ran."""
    project = start(name, tmp_path / "project", wheel)

    done = dev(project, wheel, "nox", "-s", "lint", "tests")

    assert done.code == 0, done.said
    lint = evidence(project, "lint")
    assert ran <= lint["tools"].keys()
    assert left_out <= lint["facts"]["excluded_linters"].keys()
    found = evidence(project, "tests")
    assert (found["status"], found["facts"]["tests_run"]) == ("passed", tests)
    assert found["facts"]["coverage"] > 40
    assert "Recorded the baseline of lint" in done.said
    again = dev(project, wheel, "nox", "-s", "lint", "tests")
    assert "lint: unchanged since" in again.said, again.said


def test_a_legacy_project_may_not_get_worse(tmp_path: Path, wheel: Path) -> None:
    """Two thousand findings and sixty per cent pass; one more, or an untested file, does not."""
    project = start("legacy", tmp_path / "project", wheel)
    done = dev(project, wheel, "nox", "-s", "lint", "tests")
    assert done.code == 0, done.said
    assert "baseline: 20" in verdict(project, "lint", "LINT")
    assert "standard: >= 80 %" in verdict(project, "tests", "COVERAGE")

    (project / "old/new.py").write_text("def f(x):\n    return x+1\n")
    assert dev(project, wheel, "nox", "-s", "lint", "tests").code != 0
    assert verdict(project, "lint", "LINT").startswith("failed: issues is 1;")
    assert verdict(project, "tests", "COVERAGE_NEW").startswith("failed: coverage_new is 0 %")

    (project / "old/new.py").unlink()
    (project / "old/table.py").write_text("ROWS = []\n")
    done = dev(project, wheel, "nox", "-s", "lint", "tests")
    assert done.code == 0, done.said
    done = dev(project, wheel, "python", "-m", "towpath", "baseline", "--update")
    assert done.code == 0 and "Commit it." in done.said, done.said
    kept = json.loads((project / "towpath-baseline.json").read_text())
    assert "old/table.py" not in json.dumps(kept["lint"])
