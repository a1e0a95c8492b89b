"""The embedded engine assembles what a project needs when it needs it, and says what it cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes import Answer, QuietTerminal, TableRunner, outcome
from towpath.core.errors import CommandFailedError, EngineAbsentError
from towpath.core.runner import Outcome
from towpath.engine import daemon
from towpath.engine import layout as layouts
from towpath.engine import machine, optional_images, python_images
from towpath.engine.layout import layout

MARIADB = "mariadb:11.8"


class Engine:
    """An engine in a directory, with what its registry has."""

    def __init__(self, root: Path, answers: dict[str, Answer]) -> None:
        self.env = {"TOWPATH_ENGINE_DIR": str(root), "TOWPATH_ENGINE_PORT": "5099"}
        self.env["DOCKER_HOST"] = layout(self.env).host
        self.has: set[str] = set()
        self.runner = TableRunner(answers)
        self.terminal = QuietTerminal()

    def provide(self, *images: str) -> None:
        """Ask for images."""
        optional_images.provide(self.env, self.runner, self.terminal, images)


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """Return an engine whose builds push what they should."""
    monkeypatch.setattr(layouts, "LONGEST", 4096)
    monkeypatch.setattr(machine, "proxies", lambda runner: {})

    def pushed(argv: tuple[str, ...]) -> Outcome:
        made.has.add(f"/v2/library/{MARIADB.replace(':', '/manifests/')}")
        return outcome()

    made = Engine(
        tmp_path, {"buildx bake": pushed, "docker pull": outcome(code=1, stderr="denied")}
    )
    made.runner.answers["docker image inspect"] = outcome(code=1)
    monkeypatch.setattr(daemon, "registry_answers", lambda port, path="/": path in made.has)
    return made


def test_an_image_is_assembled_once(engine: Engine) -> None:
    """And again by another version of its files only."""
    engine.provide(MARIADB)
    engine.provide(MARIADB)

    assert [line for line in engine.runner.lines if "bake" in line] == [
        "docker buildx bake --progress=plain mariadb"
    ]
    assert "assemble mariadb:11.8" in engine.terminal.said


def test_what_was_not_pushed_is_no_image(engine: Engine) -> None:
    """The error names the logs."""
    engine.runner.answers["buildx bake"] = ""

    with pytest.raises(CommandFailedError, match="does not have mariadb:11.8"):
        engine.provide(MARIADB)


def test_a_name_that_nobody_has_is_named_with_those_that_there_are(engine: Engine) -> None:
    """Debian never had this Python."""
    with pytest.raises(EngineAbsentError, match="cannot have the image python:3.12-slim") as caught:
        engine.provide("python:3.12-slim")

    assert "denied" in caught.value.why
    assert "python:3.11-slim" in caught.value.why and "python:3.14-slim" in caught.value.why


def test_another_engine_pulls_by_itself(engine: Engine) -> None:
    """Nothing is asked."""
    engine.env["DOCKER_HOST"] = "unix:///var/run/docker.sock"

    engine.provide(MARIADB, "python:3.12-slim")

    assert engine.runner.lines == []


def test_another_suite_has_the_mirrors_of_the_first() -> None:
    """One that is updated in place has no suite of updates."""
    lines = ["deb http://m trixie main", "deb http://m trixie-updates main"]

    assert python_images.mirrors(lines, "bookworm") == [
        *("deb http://m bookworm main", "deb http://m bookworm-updates main"),
    ]
    assert python_images.mirrors(lines, "forky") == ["deb http://m forky main"]
