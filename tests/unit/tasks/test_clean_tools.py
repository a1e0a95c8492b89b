"""The environment of the caller against real processes: it changes no verdict."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fakes import QuietTerminal
from tests.unit.checks.checked import evidence, project
from tests.unit.core.test_environment import ATTACKS
from towpath import config
from towpath.checks import records
from towpath.checks.by_name import judge_check
from towpath.checks.lint import linter as linting
from towpath.checks.lint.linters_commands import LINTERS, Linter
from towpath.checks.tests import run as testing
from towpath.config.workspace import Workspace
from towpath.core import environment
from towpath.core.runner import Runner
from towpath.evidence import stage_inputs
from towpath.source import snapshot as source
from towpath.source.files import FileList
from towpath.tasks import context as entry

pytestmark = pytest.mark.door
PRINT = "import json, os; print(json.dumps(dict(os.environ)))"


def git(root: Path, *words: str) -> None:
    """Run git as a person would."""
    who = ("-c", "user.name=S", "-c", "user.email=s@example.com")
    env = {"PATH": os.environ["PATH"], "HOME": str(root)}
    subprocess.run(["git", *who, *words], cwd=root, env=env, check=True, capture_output=True)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a small project that is a repository."""
    (tmp_path / "project").mkdir()
    place = project(tmp_path / "project")
    (place / ".gitignore").write_text("reports/\n")
    git(place, "init", "--quiet")
    git(place, "add", ".")
    git(place, "commit", "--quiet", "-m", "First")
    return place


@pytest.fixture
def workspace(root: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """Return a session as a command begins one, under every attack at once."""
    for name, value in ATTACKS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(root)
    return entry.workspace()


@pytest.fixture
def mine(root: Path) -> Workspace:
    """Return a session of a person, whose home directory is beside the project."""
    env = {"PATH": os.environ["PATH"], "HOME": str(root.parent), "TZ": "UTC"}
    runner = Runner(QuietTerminal(), env=environment.of_tools(env), cwd=root)
    return Workspace(config.load(root, env), runner, QuietTerminal())


def test_a_tool_sees_no_attack(workspace: Workspace) -> None:
    """Whatever command it is."""
    seen = json.loads(workspace.runner.run([sys.executable, "-c", PRINT]).stdout)

    assert seen.keys() & ATTACKS.keys() <= environment.FIXED.keys()
    assert seen.items() >= environment.FIXED.items()
    assert seen["PATH"] == os.environ["PATH"]


def test_tests_that_fail_fail_whatever_pytest_is_told(root: Path, mine: Workspace) -> None:
    """`PYTEST_ADDOPTS` that picks nothing else than the good test, and one that collects none."""
    (root / "pytest.ini").write_text("[pytest]\naddopts = -p no:django\n")
    (root / "tests/test_a.py").write_text("def test_good(): pass\ndef test_bad(): assert 0\n")
    os_env = {**mine.config.env, "PYTEST_ADDOPTS": "-k good --no-cov"}
    runner = Runner(QuietTerminal(), env=environment.of_tools(os_env), cwd=root)
    workspace = Workspace(config.load(root, os_env), runner, mine.terminal)
    records.begin(workspace, "integration")

    ended = runner.run([sys.executable, "-m", "pytest", "-p", "no:randomly", "tests"], check=False)
    testing.keep(workspace, "integration", "integration", ended)

    assert ended.code == 1
    assert "1 failed, 1 passed" in ended.stdout


def test_a_linter_does_not_see_the_home_of_whoever_calls_it(root: Path, mine: Workspace) -> None:
    """Settings there, for example ~/.mypy.ini or ~/.config/black, are no part of the project."""
    (root.parent / ".mypy.ini").write_text("[mypy]\nignore_errors = True\n")
    tool = Linter(name="print", program=Path(sys.executable).name, options=("-c", PRINT))
    kept = linting.Linting(mine, "lint", FileList(root, {"app/a.py": "100644 blob 1"}))

    kept.run(tool)

    seen = json.loads(records.read_record(mine.config, "lint", "print").ran.stdout)
    assert seen["HOME"] != str(root.parent)
    assert not Path(seen["HOME"]).exists(), "it is gone when the linter is"
    assert seen["XDG_CONFIG_HOME"] == f"{seen['HOME']}/.config"


def test_settings_above_the_project_are_out_of_reach(root: Path, mine: Workspace) -> None:
    """Flake8 goes upwards until it meets the home directory: that begins where the project ends."""
    flake8 = next(tool for tool in LINTERS if tool.name == "flake8")
    tool = replace(flake8, program=Path(sys.executable).name, options=("-c", PRINT))

    linting.Linting(mine, "lint", FileList(root, {"app/a.py": "100644 blob 1"})).run(tool)

    seen = json.loads(records.read_record(mine.config, "lint", "flake8").ran.stdout)
    assert seen["HOME"] == str(root.parent)
    assert seen["XDG_CONFIG_HOME"] != str(root.parent / ".config")


def test_settings_of_git_on_this_machine_do_not_change_the_bytes_that_are_judged(
    root: Path, mine: Workspace
) -> None:
    """A filter in attributes of the machine would make a changed file look like the committed."""
    home = root.parent
    (home / "attributes").write_text("*.py filter=hide\n")
    (home / ".gitconfig").write_text(
        f'[core]\n\tattributesFile = {home}/attributes\n[filter "hide"]\n\tclean = true\n'
    )
    before = source.read_files(mine)
    (root / "app/a.py").write_text("evil = 1\n")

    assert source.read_files(mine).tree != before.tree
    assert source.read_source(mine).dirty


def test_what_is_passed_on_is_shown_and_makes_the_check_run_again(root: Path) -> None:
    """Evidence that was made with a variable does not hold without it, or with another value."""
    pyproject = (root / "pyproject.toml").read_text()
    (root / "pyproject.toml").write_text(
        f'{pyproject}\n[tool.towpath.variables]\nlint = ["SHOP_*"]\n'
    )
    git(root, "commit", "--quiet", "-am", "Second")

    def session_with(**more: str) -> Workspace:
        env = {"PATH": os.environ["PATH"], "HOME": str(root.parent), **more}
        runner = Runner(QuietTerminal(), env=environment.of_tools(env), cwd=root)
        return Workspace(config.load(root, env), runner, QuietTerminal())

    found = session_with(SHOP_URL="https://shop.example", SHOP_TOKEN="hunter2", OTHER="x")
    records.begin(found, "lint")
    with pytest.raises(Exception, match="lint could not be evaluated"):
        judge_check(found, "lint")

    assert evidence(found, "lint").facts["variables"] == {
        "SHOP_TOKEN": "sha256:f52fbd32b2b3",
        "SHOP_URL": "https://shop.example",
    }
    inputs = {
        stage_inputs.check_inputs(workspace, source.read_files(workspace), "lint")
        for workspace in (
            found,
            session_with(SHOP_URL="https://shop.example"),
            session_with(SHOP_URL="https://other.example", SHOP_TOKEN="hunter2"),
            session_with(),
            session_with(OTHER="y", PYTEST_ADDOPTS="-x"),
        )
    }
    assert len(inputs) == 4, "the last two see the same"


def test_nox_by_hand_cleans_what_its_sessions_get() -> None:
    """Whoever types `nox` has the same variables as the pipeline; what is left out is named."""
    # These would keep Python itself from starting.
    attacks = {name: ATTACKS[name] for name in ATTACKS if name not in ("LD_PRELOAD", "PYTHONHOME")}
    code = "import json, os, runpy; runpy.run_path('noxfile.py'); print(json.dumps({**os.environ}))"
    env = {"PATH": os.environ["PATH"], "HOME": "/home/me", "SHOP_URL": "x", "TOWPATH_STATE": "/s"}

    ended = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[3],
        env=env | attacks,
        capture_output=True,
        text=True,
        check=True,
    )

    left = json.loads(ended.stdout)
    assert {name: left.pop(name) for name in ("UV_PYTHON_DOWNLOADS", "UV_SYSTEM_CERTS")} == {
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_SYSTEM_CERTS": "true",
    }
    assert left.keys() - {"LC_CTYPE"} == {"PATH", "HOME", "TOWPATH_STATE"}
    assert "Ignoring the variable PYTEST_ADDOPTS: it is not passed to the tools.\n" in ended.stderr
