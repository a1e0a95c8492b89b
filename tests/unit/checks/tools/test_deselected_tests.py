"""The plugin that names what pytest leaves out, in a pytest of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from towpath import gates

pytestmark = pytest.mark.door

ROOT = Path(__file__).parents[4]
TESTS = "def test_one(): pass\ndef test_two(): assert 0\ndef test_three(): assert 0\n"
CONFTEST = """\
collect_ignore = ["test_ignored.py"]


def pytest_collection_modifyitems(config, items):
    gone = [item for item in items if item.name == "test_three"]
    items[:] = [item for item in items if item not in gone]
    config.hook.pytest_deselected(items=gone)
"""


def run(place: Path, addopts: str, *arguments: str) -> tuple[int, list[str]]:
    """Run pytest on a small project, and return its code and what it says that it left out."""
    for name, text in (
        ("pytest.ini", f"[pytest]\naddopts = {addopts}\n"),
        ("tests/test_a.py", TESTS),
        ("tests/conftest.py", CONFTEST),
        ("tests/test_ignored.py", ""),
        ("tests/slow/test_b.py", ""),
        ("tests/node_modules/test_c.py", ""),
    ):
        file = place / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    argv = [sys.executable, "-m", "pytest", "-p", "towpath.checks.tools.deselected_tests"]
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    ended = subprocess.run(
        [*argv, *gates.TESTS_UNJUDGED, "--junit-xml=r/x.xml", *arguments],
        cwd=place,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    report = place / "r/x.deselected.json"
    return ended.returncode, json.loads(report.read_text()) if report.is_file() else [ended.stdout]


@pytest.mark.parametrize("workers", ["-p no:xdist", "--numprocesses=2"])
def test_what_did_not_run_is_named(tmp_path: Path, workers: str) -> None:
    """By options, a conftest.py, or a directory: in one process or several."""
    code, names = run(tmp_path, "-k 'not two' --ignore=tests/slow -p no:randomly", *workers.split())

    assert code == 0
    assert names == [
        "tests/slow",
        "tests/test_a.py::test_three",
        "tests/test_a.py::test_two",
        "tests/test_ignored.py",
    ]


def test_where_all_run_nothing_is_named(tmp_path: Path) -> None:
    """One that fails has run; `-x` and a limit of coverage are not what ends it."""
    code, names = run(tmp_path, "-x -p no:randomly -p no:xdist --deselect=tests/test_a.py::none")

    assert code == 1
    assert names == ["tests/test_a.py::test_three", "tests/test_ignored.py"]


def test_options_that_pytest_refuses_leave_no_traceback_of_ours(tmp_path: Path) -> None:
    """It ends as pytest does."""
    code, _ = run(tmp_path, "--no-such-option")

    assert code == 4
