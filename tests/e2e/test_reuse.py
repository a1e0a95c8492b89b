"""What did not change is not run again, as people see it: `nox -s lint`, twice."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.e2e.conftest import LEAN, Ended, commit, run

NOX = (sys.executable, "-m", "nox", "-s", "lint")
UNCHANGED = "lint: unchanged since "


def lint(target: Path, *arguments: str) -> Ended:
    """Run lint to its end."""
    ended = run(target, *NOX, *arguments, env={**LEAN, "CI": ""})
    assert ended.code == 0, ended.said
    return ended


def evidence(target: Path) -> dict[str, Any]:
    """Return what lint has left."""
    found: dict[str, Any] = json.loads((target / "reports/evidence/lint.json").read_text())
    return found


def test_lint_runs_again_only_when_something_changed(checkout: Callable[[], Path]) -> None:
    """A word in the README is carried, `--fresh` and a line of code run it."""
    target = checkout()
    assert UNCHANGED not in lint(target).said
    first = evidence(target)
    assert UNCHANGED in lint(target).said

    commit(target, {"README.md": "A word.\n"})
    assert UNCHANGED in lint(target).said
    carried = evidence(target)
    assert (
        carried["predicate"]["carries"]["gitCommit"] == first["subject"][0]["digest"]["gitCommit"]
    )
    assert carried["predicate"]["facts"] == first["predicate"]["facts"]
    assert carried["subject"] != first["subject"]

    assert UNCHANGED not in lint(target, "--", "--fresh").said
    commit(target, {"app/releases/planted.py": '"""Planted."""\n'})
    assert UNCHANGED not in lint(target).said


def test_the_environment_is_made_once(checkout: Callable[[], Path]) -> None:
    """From within it, where its Python has another name, nothing is made anew."""
    target = checkout()
    # As a person's shell has it, outside of the environment that runs these tests.
    env = {"PATH": f"{sys.base_prefix}/bin:{os.environ['PATH']}", "TOWPATH_PYTHON": "python3"}
    first = run(target, "./dev", "true", env=env)
    second = run(target, "./dev", "./dev", "true", env=env)

    assert (first.code, second.code) == (0, 0), second.said
    assert "Making .venv" in first.said
    assert "Making .venv" not in second.said
