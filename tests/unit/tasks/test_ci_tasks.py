"""`invoke ci.run`: plain words on its line, and what is refused before anything is built."""

from __future__ import annotations

from pathlib import Path

import pytest
from invoke.collection import Collection
from invoke.context import Context
from invoke.program import Program
from invoke.tasks import task

from tests.fakes import QuietTerminal
from tests.unit.tasks.test_surface import invoke
from towpath.config import parse
from towpath.config.workspace import Workspace
from towpath.core.errors import ConfigurationError
from towpath.core.runner import Runner
from towpath.tasks import ci, words


def parsed(*argv: str) -> list[tuple[str, list[str], str]]:
    """Return what each task on a line got: its words and the value of its flag."""
    words.allow()
    got: list[tuple[str, list[str], str]] = []

    @task(positional=["names"], iterable=["names"])
    def many(_c: Context, names: list[str], flag: str = "") -> None:
        got.append(("many", names, flag))

    @task
    def plain(_c: Context, flag: str = "") -> None:
        got.append(("plain", [], flag))

    Program(namespace=Collection(many, plain), version="0").run(["invoke", *argv], exit=False)
    return got


@pytest.mark.parametrize(
    ("line", "seen"),
    [
        ("many", [("many", [], "")]),
        ("many one two", [("many", ["one", "two"], "")]),
        ("many one --flag=x two", [("many", ["one", "two"], "x")]),
        ("many --flag x one", [("many", ["one"], "x")]),
        ("many --names one two", [("many", ["one", "two"], "")]),
        ("plain --flag x many one plain", [("plain", [], "x"), ("many", ["one", "plain"], "")]),
    ],
)
def test_words_after_a_task(line: str, seen: list[tuple[str, list[str], str]]) -> None:
    """They are its own, however many, and flags keep their values; other tasks are as ever."""
    assert parsed(*line.split()) == seen


def test_the_parser_learns_it_once() -> None:
    """A word is taken once, however often it was taught."""
    words.allow()

    assert parsed("many", "one") == [("many", ["one"], "")]


def test_an_unknown_service_is_a_mistake_of_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, the nearest name, and no engine was asked."""
    (tmp_path / "pyproject.toml").write_text("[tool.towpath]\n")
    monkeypatch.chdir(tmp_path)

    code, _, err = invoke(capsys, "ci.run", "unit-tests", "lint-chek")

    assert code == 2
    assert "Did you mean 'lint-check'?" in err


@pytest.mark.parametrize("host", ["tcp://10.0.0.1:2375", "unix:///no/such.sock"])
def test_an_engine_elsewhere_is_refused(tmp_path: Path, host: str) -> None:
    """It would not see the copies of the working tree."""
    terminal = QuietTerminal()
    config = parse({}, tmp_path, {"DOCKER_HOST": host})
    found = Workspace(config, Runner(terminal, env={}, cwd=tmp_path), terminal)

    with pytest.raises(ConfigurationError, match="not on this machine"):
        ci._socket(found)


def test_each_line_names_its_service() -> None:
    """The lines of services that run side by side can be told apart."""
    terminal = QuietTerminal(verbose=True)

    ci.Labelled(terminal, "lint-check").stream("all is [well]")
    ci.Labelled(terminal, "unit-tests").command("docker compose run")

    assert terminal.said == (
        "lint-check        | all is [well]\n+ unit-tests        | docker compose run\n"
    )
