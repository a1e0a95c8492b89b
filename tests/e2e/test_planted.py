"""A bad commit stops the chain at the right stage, and staging still serves the old release."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import LEAN, ROOT, commit, invoke, live, report_of, run

STAGING = 8081
FAILING_TEST = '''"""Planted."""

from __future__ import annotations


def test_planted() -> None:
    """Never true."""
    assert sum([1, 1]) == 3
'''
SHELL = '''"""Planted."""

from __future__ import annotations

import subprocess


def call(x: str) -> int:
    """Run what somebody typed."""
    return subprocess.call(x, shell=True)
'''


def uncovered_code(target: Path) -> str:
    """Return a module of so many unused lines that the coverage comes to rest just below 80 %.

    How much is covered here, on one Python and without the services, is measured first.
    """
    ended = run(target, sys.executable, "-m", "nox", "-s", "tests", env={**LEAN, "CI": ""})
    assert ended.code == 0, ended.said
    totals = json.loads((target / "reports/coverage.json").read_text())["totals"]
    covered = totals["covered_lines"] + totals["covered_branches"]
    counted = totals["num_statements"] + totals["num_branches"]
    lines = int(covered / 0.7995) - counted
    return '"""Planted."""\n\n' + "\n".join(["x = 1"] * lines) + "\n"


def never_healthy(_target: Path) -> str:
    """Return a Dockerfile whose production serves all tests, and in staging never answers."""
    serves = 'CMD ["gunicorn", "config.wsgi:application"]'
    sleeps = 'test \\"$ENVIRONMENT\\" != staging || exec sleep infinity'
    text = (ROOT / "Dockerfile").read_text()
    assert serves in text
    planted = f'CMD ["sh", "-c", "{sleeps}; exec gunicorn config.wsgi:application"]'
    return text.replace(serves, planted)


@pytest.mark.parametrize(
    ("files", "stage", "status", "code", "reason"),
    [
        ({"tests/unit/test_planted.py": FAILING_TEST}, "test", "failed", 4, "tests_failed is"),
        ({"app/releases/planted.py": uncovered_code}, "test", "failed", 4, "coverage is 79.9"),
        ({"app/releases/planted.py": SHELL}, "lint", "failed", 4, "issues is"),
        (
            {"Dockerfile": never_healthy},
            "deploy",
            "failed",
            6,
            "serves as before. The container towpath-staging-web",
        ),
    ],
    ids=["a test fails", "coverage 79.9", "a shell in app", "never healthy"],
)
def test_a_bad_commit_stops_the_chain(
    files: dict[str, Any],
    stage: str,
    status: str,
    code: int,
    reason: str,
    checkout: Callable[[], Path],
    released: dict[str, Any],
) -> None:
    """The right stage, the right exit code, the reason in the report; the old release serves."""
    target = checkout()
    commit(target, {name: text(target) if callable(text) else text for name, text in files.items()})

    ended = invoke(target, "pipeline", "--to=test", CI="", TOWPATH_BRANCH="", **LEAN)

    assert ended.code == code, ended.said
    report = report_of(target)
    assert report["status"] == status
    assert list(report["stages"])[-1] == stage
    assert report["stages"][stage]["status"] == status
    assert reason in report["stages"][stage]["reason"]
    assert live(STAGING)["digest"] == released["stages"]["build"]["digest"]
