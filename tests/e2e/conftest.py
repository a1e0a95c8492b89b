"""End to end: the commands that people type, in checkouts of their own, against the real engine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.product import product

__all__ = ["product"]

ROOT = Path(__file__).parents[2]
# A run stops by itself long before that; this only keeps a hanging one from blocking CI.
LIMIT = 1500
# Only the Python that runs us: the matrix was judged before, and once is enough here.
LEAN = {
    "PATH": ":".join([str(Path(sys.executable).parent), *"/usr/sbin /usr/bin /sbin /bin".split()]),
    "PYENV_ROOT": "/nonexistent",
    "TOWPATH_PYTHONS": f"{sys.version_info[0]}.{sys.version_info[1]}",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give a test the time of the whole chains that it runs."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.timeout(3 * LIMIT))


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code and everything it said."""

    code: int
    said: str
    out: str


def run(cwd: Path, *argv: str, env: Mapping[str, str] | None = None) -> Ended:
    """Run a command to its end in `cwd`; its `towpath` is the one of that checkout."""
    # Django sets TZ here. It can change a verdict, so that no earlier evidence would be reused.
    own = {name: value for name, value in os.environ.items() if name != "TZ"}
    done = subprocess.run(
        argv,
        cwd=cwd,
        env={**own, **(env or {})},
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    return Ended(done.returncode, done.stdout + done.stderr, done.stdout)


def invoke(cwd: Path, *argv: str, **env: str) -> Ended:
    """Run an Invoke task in `cwd`."""
    return run(cwd, sys.executable, "-m", "invoke", *argv, env=env)


def report_of(checkout: Path) -> dict[str, Any]:
    """Return the report of the last run in a checkout."""
    found: dict[str, Any] = json.loads((checkout / "reports/pipeline-report.json").read_text())
    return found


def live(port: int) -> dict[str, Any]:
    """Return what the release behind a proxy says of itself."""
    import requests

    answer = requests.get(f"http://127.0.0.1:{port}/health/live", timeout=10)
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


@pytest.fixture(scope="session")
def released() -> dict[str, Any]:
    """Return the report of a run of this checkout to production."""
    # A release needs proof, and no service of advisories may be in reach.
    own = os.environ.get("TOWPATH_ADVISORIES") or str(ROOT / "tests/fixtures/advisories")
    given = {"CI": "true", "TOWPATH_BRANCH": "release/e2e", "TOWPATH_ADVISORIES": own}
    ended = invoke(ROOT, "pipeline", "--to=release", **given)
    assert ended.code == 0, ended.said
    return report_of(ROOT)


@pytest.fixture
def checkout(tmp_path: Path) -> Callable[[str], Path]:
    """Return a function that makes a clean checkout of HEAD."""

    def make(name: str = "checkout") -> Path:
        target = tmp_path / name
        for argv in (
            ("git", "clone", "--quiet", str(ROOT), str(target)),
            ("git", "-C", str(target), "config", "user.name", "Somebody"),
            ("git", "-C", str(target), "config", "user.email", "somebody@example.com"),
        ):
            ended = run(tmp_path, *argv)
            assert ended.code == 0, ended.said
        return target

    return make


def commit(target: Path, files: Mapping[str, str]) -> None:
    """Write files into a checkout and commit them."""
    for name, content in files.items():
        (target / name).write_text(content, encoding="utf-8")
    for argv in (("git", "add", "--all"), ("git", "commit", "--quiet", "-m", "Planted")):
        ended = run(target, *argv)
        assert ended.code == 0, ended.said
