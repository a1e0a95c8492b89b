"""`python -m towpath`: its words, and errors that become the exit codes of the tasks."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.releases import good
from towpath.__main__ import main
from towpath.checks import records
from towpath.config.workspace import Workspace
from towpath.evidence import record as stages
from towpath.evidence import stage_inputs
from towpath.source import snapshot as source
from towpath.tasks.context import workspace


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in an empty project."""
    (tmp_path / "pyproject.toml").write_text("[tool.towpath]\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_gate_without_a_report_ends_with_3(capsys: pytest.CaptureFixture[str]) -> None:
    """And says what to run."""
    assert main(["gate", "lint"]) == 3
    assert "nox -s lint" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["lnt", "coverage"])
def test_a_gate_that_is_none_ends_with_2(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Coverage is judged with the tests."""
    assert main(["gate", name]) == 2
    assert f"Unknown check '{name}'" in capsys.readouterr().err


def test_the_first_gate_that_stops_gives_the_code() -> None:
    """An unknown one after it does not matter any more."""
    assert main(["gate", "lint", "nothing"]) == 3


def test_a_wrong_setting_ends_with_2(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything runs."""
    (project / "pyproject.toml").write_text("[tool.towpath]\nnme = 1\n")

    assert main(["gate", "lint"]) == 2
    assert "Did you mean 'name'?" in capsys.readouterr().err


def test_a_probe_writes_what_it_found(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And ends with 0 whatever that is: it looked."""
    (project / "setup.cfg").write_text("[coverage]\nfail_under = 9\n")

    assert main(["probe", "architecture", "setup.cfg"]) == 0

    (finding,) = json.loads(capsys.readouterr().out)["findings"]
    assert (finding["path"], finding["line"]) == ("setup.cfg", 2)


DOCKER = """#!/bin/sh
case "$*" in
    *version*) echo "Docker Compose version v2.26.1" ;;
    *) echo '{"name": "app", "services": {}}' ;;
esac
"""


@pytest.mark.door
def test_a_probe_that_lacks_compose_brings_up_the_engine_that_has_one(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """From nothing the README's two commands judge the Compose files too."""
    (project / "compose").mkdir()
    (project / "compose/ci.yaml").write_text("services: {}\n")
    programs = project / "bin"
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("TOWPATH_ENGINE_DIR", str(project / "engine"))
    monkeypatch.setattr("towpath.engine.layout.LONGEST", 500)

    def brought_up(found: Workspace) -> Workspace:
        programs.mkdir()
        (programs / "docker").write_text(DOCKER)
        (programs / "docker").chmod(0o755)
        return found

    monkeypatch.setattr("towpath.__main__.with_engine", brought_up)

    assert main(["probe", "compose", "compose/ci.yaml"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "judged": ["compose/ci.yaml"],
        "findings": [],
        "exclusions": [],
    }


def test_a_probe_that_could_not_look_does_not_end_with_0() -> None:
    """There are no requirements here to compare."""
    assert main(["probe", "requirements-drift"]) == 3


def test_coverage_without_tests_ends_with_3() -> None:
    """There is nothing to join."""
    assert main(["check", "coverage"]) == 3


@pytest.mark.parametrize("argv", [[], ["nothing"], ["check", "nothing"], ["gate"]])
def test_unknown_words_end_with_2(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """With the usage."""
    with pytest.raises(SystemExit) as caught:
        main(argv)

    assert caught.value.code == 2
    assert "usage: python -m towpath" in capsys.readouterr().err


def test_help_names_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    """Each with the first sentence of its docstring."""
    with pytest.raises(SystemExit):
        main(["--help"])

    shown = capsys.readouterr().out
    assert all(word in shown for word in ("begin", "check", "gate", "Evaluate the results of"))


@pytest.fixture
def tested(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a repository whose tests have passed on the files as they are."""
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setenv("PYENV_ROOT", str(project))
    monkeypatch.delenv("CI", raising=False)
    (project / ".gitignore").write_text("reports/")
    who = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.com")
    for argv in (("init", "-q"), ("add", "."), (*who, "commit", "-qm", "first")):
        subprocess.run(["git", *argv], check=True)
    tools = workspace()
    records.begin(tools, "tests")
    seen = source.read_files(tools)
    stages.record(
        tools,
        stages.StageRecord(
            stage="tests",
            subject=seen.subject,
            facts=good("tests") | {"pythons": [f"3.{sys.version_info[1]}"]},
            inputs=stage_inputs.check_inputs(tools, seen, "tests"),
            started=dt.datetime(2026, 11, 24, 21, 0, tzinfo=dt.UTC),
            duration=60,
        ),
    )
    return project


def begun(project: Path) -> str:
    """Return what was noted when the tests began."""
    return (project / "reports/checks/tests/begun.json").read_text()


@pytest.mark.door
@pytest.mark.parametrize("check", ["tests", "coverage"])
def test_a_check_that_still_holds_ends_at_once(
    tested: Path, check: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says so, with the time saved; the coverage belongs to the tests."""
    assert main(["check", check, "--"]) == 0
    assert (
        "tests: unchanged since 2026-11-24T21:00:00Z, skipping saves 60.0 s"
        in capsys.readouterr().err
    )


@pytest.mark.door
def test_with_fresh_it_runs_all_the_same(tested: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Here to its end, for no test has left anything."""
    assert main(["check", "coverage", "--", "--fresh"]) == 3
    assert "The tests wrote no coverage data." in capsys.readouterr().err


@pytest.mark.door
def test_tests_that_still_hold_do_not_begin_anew(tested: Path) -> None:
    """What they left stays; with fresh, or after a change, it goes."""
    before = begun(tested)

    assert main(["begin", "tests", "--"]) == 0
    assert begun(tested) == before
    assert main(["begin", "tests", "--", "--fresh"]) == 0
    assert begun(tested) != before
    before = begun(tested)
    (tested / "new.py").touch()
    assert main(["begin", "tests"]) == 0
    assert begun(tested) != before


@pytest.mark.parametrize(
    ("argv", "word"),
    [
        (["check", "performance", "--", "-k", "x"], "'-k'"),
        (["check", "coverage", "--", "unit"], "'unit'"),
        (["check", "tests", "--", "unti"], "Unknown tests 'unti'"),
    ],
)
def test_arguments_that_a_check_does_not_take_end_with_2(
    argv: list[str], word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Named, before anything runs."""
    assert main(argv) == 2
    assert word in capsys.readouterr().err


@pytest.mark.door
def test_integration_without_an_engine_ends_with_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It does not run on something else instead."""
    monkeypatch.setenv("TOWPATH_ENGINE_DIR", "/nowhere/engine")
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")

    assert main(["check", "integration", "--", "-k", "x"]) == 2
    assert (
        "The Docker engine at unix:///nowhere/docker.sock does not answer"
        in capsys.readouterr().err
    )


@pytest.mark.door
def test_a_project_without_integration_tests_needs_no_engine(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The check passes and says so."""
    with (project / "pyproject.toml").open("a") as file:
        file.write("[tool.towpath.integration]\npaths = []\n")
    (project / ".gitignore").write_text("reports/\n")
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    for words in (("init", "-q"), ("add", "."), (*who, "commit", "-qm", "x")):
        subprocess.run(["git", *words], check=True)
    monkeypatch.setenv("TOWPATH_ENGINE_DIR", "/nowhere/engine")
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")

    assert main(["check", "integration"]) == 0
    assert "the project has no integration tests" in capsys.readouterr().out


@pytest.mark.door
@pytest.mark.parametrize(("words", "code"), [(["--version"], 0), (["--no-such-option"], 2)])
def test_a_part_of_the_tests_is_what_pytest_makes_of_it(
    words: list[str],
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The words go to a real pytest; those that it does not know are a wrong setting."""
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE", raising=False)
    assert main(["check", "tests", "--", *words]) == code
    assert "no verdict" in capsys.readouterr().err


@pytest.mark.parametrize(
    "argv", [[], ["nonsense"], ["check"], ["check", "nonsense"], ["check", "lint", "--nonsense"]]
)
def test_a_command_line_that_cannot_be_understood_ends_with_2(argv: list[str]) -> None:
    """As every other mistake in a command."""
    with pytest.raises(SystemExit) as caught:
        main(argv)

    assert caught.value.code == 2
