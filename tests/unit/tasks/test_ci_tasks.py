"""`invoke ci.run`: which services, and what is refused before anything is built."""

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
from towpath.tasks import ci, parse_errors


def parsed(*argv: str) -> list[tuple[str, list[str]]]:
    """Return what each task on a line got."""
    parse_errors.explain()
    got: list[tuple[str, list[str]]] = []

    @task(positional=[], iterable=["service"])
    def many(_c: Context, service: list[str]) -> None:
        got.append(("many", service))

    @task
    def plain(_c: Context) -> None:
        got.append(("plain", []))

    Program(namespace=Collection(many, plain), version="0").run(["invoke", *argv], exit=False)
    return got


@pytest.mark.parametrize(
    ("line", "seen"),
    [
        ("many", [("many", [])]),
        ("many --service=one", [("many", ["one"])]),
        ("many --service=one --service two", [("many", ["one", "two"])]),
        ("many --service=one plain", [("many", ["one"]), ("plain", [])]),
    ],
)
def test_a_service_may_be_named_again(line: str, seen: list[tuple[str, list[str]]]) -> None:
    """As Invoke itself has it: a plain word is the next task."""
    assert parsed(*line.split()) == seen


def test_a_plain_word_is_a_task(capsys: pytest.CaptureFixture[str]) -> None:
    """One that there is not ends with 2, and nothing runs."""
    code, _, err = invoke(capsys, "ci.run", "lint-check")

    assert code == 2
    assert "Unknown task 'lint-check'." in err


def test_an_unknown_service_is_a_mistake_of_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, the nearest name, and no engine was asked."""
    (tmp_path / "pyproject.toml").write_text("[tool.towpath]\n")
    monkeypatch.chdir(tmp_path)

    code, _, err = invoke(capsys, "ci.run", "--service=unit-tests", "--service=lint-chek")

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
