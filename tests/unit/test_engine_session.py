"""The session of the pipeline's own engine tests: what it runs, and when it need not."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engine import __main__ as engine
from tests.fakes import Answer, outcome
from tests.unit.checks.checked import calls, project, said, workspace_of
from towpath.config.workspace import Workspace

ROOT = Path(__file__).parents[2]
Made = Callable[..., Workspace]


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Made:
    """Return a function that makes a session in one project; its engine answers already."""
    monkeypatch.setattr(engine, "with_engine", lambda workspace: workspace)
    (tmp_path / "project").mkdir()
    root = project(tmp_path / "project")

    def make(code: int = 0, env: dict[str, str] | None = None) -> Workspace:
        answers: dict[str, Answer] = {"-m pytest": outcome(code=code)}
        return workspace_of(
            root, answers, {"TOWPATH_STATE": str(tmp_path / "state"), **(env or {})}
        )

    return make


def ran(workspace: Workspace) -> int:
    """Return how often pytest was started."""
    return sum("-m pytest" in line for line in calls(workspace))


def test_every_module_of_tests_is_in_one_session() -> None:
    """`nox -s integration` picks by the marker, `nox -s engine` by the directory."""
    marked: dict[str, set[bool]] = {}
    for place in ("integration", "engine"):
        files = list((ROOT / "tests" / place).rglob("test_*.py"))
        texts = [file.read_text(encoding="utf-8") for file in files]
        marks = [text.partition("pytestmark = ")[2].partition("\n\n")[0] for text in texts]
        marked[place] = {"pytest.mark.integration" in mark for mark in marks}
        assert len(files) >= 7

    assert marked == {"integration": {True}, "engine": {False}}


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ([], ["tests/engine"]),
        (["--fresh"], ["tests/engine"]),
        (["-k", "wheel"], ["tests/engine", "-k", "wheel"]),
        (["app/a.py::test", "-x"], ["app/a.py::test", "-x"]),
    ],
)
def test_the_arguments_choose_tests(
    tmp_path: Path, arguments: list[str], wanted: list[str]
) -> None:
    """A path stands in the place of all; --fresh is no option of pytest."""
    found = engine.options(project(tmp_path), arguments)

    assert found == ["--numprocesses=3", "--dist=loadfile", *wanted]


def test_tests_that_passed_run_again_when_something_changed(made: Made) -> None:
    """Or when --fresh asks for it, or a variable that they see is another one."""
    assert engine.run(made(), []) == 0

    again, fresh, changed = made(), made(), made(env={"LANG": "de_DE"})
    assert [engine.run(again, []), engine.run(fresh, ["--fresh"]), engine.run(changed, [])] == [
        0
    ] * 3
    assert [ran(again), ran(fresh), ran(changed)] == [0, 1, 1]
    assert "unchanged since it passed" in said(again)


@pytest.mark.parametrize(("code", "arguments"), [(1, []), (5, []), (0, ["-k", "x"])])
def test_what_failed_or_was_a_part_runs_again(made: Made, code: int, arguments: list[str]) -> None:
    """The session ends as pytest did."""
    assert engine.run(made(code), arguments) == code

    again = made()
    assert engine.run(again, []) == 0
    assert ran(again) == 1


def test_in_ci_they_run_where_nothing_is_reused(made: Made) -> None:
    """A pull request may have written what it finds."""
    ci = {"CI": "true", "GITHUB_ACTIONS": "true"}
    assert engine.run(made(env=ci), []) == 0

    again = made(env=ci)
    assert engine.run(again, []) == 0
    assert ran(again) == 1


@pytest.mark.door
def test_the_tests_of_the_engine_are_run_by_name(tmp_path: Path) -> None:
    """A newcomer, and a project that takes the file of sessions over, do not wait for them."""
    for name in ("noxfile.py", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)

    listed = subprocess.run(
        [sys.executable, "-m", "nox", "--list", "--json"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    names = {row["name"] for row in json.loads(listed)}
    assert names == {"lint", "tests", "integration", "coverage"}
