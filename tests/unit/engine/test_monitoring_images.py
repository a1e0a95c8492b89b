"""The images of monitoring are made on the embedded engine, once, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes import QuietTerminal
from tests.unit.engine.starter import TableStarter
from towpath.core.errors import CommandFailedError
from towpath.core.runner import Outcome
from towpath.engine import daemon
from towpath.engine import layout as layouts
from towpath.engine import machine, monitoring_images
from towpath.engine.layout import layout

COMPOSE = Path(__file__).parents[3] / "compose/monitoring.yaml"


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """What the engine's registry has; a build adds all of it."""
    found: set[str] = set()
    monkeypatch.setattr(daemon, "registry_answers", lambda port, path="/": path in found)
    monkeypatch.setattr(machine, "proxies", lambda runner: {"http_proxy": "http://proxy"})
    return found


class Builder(TableStarter):
    """Lets a build push what it should."""

    def __init__(self, registry: set[str], root: Path, pushed: bool = True) -> None:
        super().__init__({"buildx bake": ""}, {"TOWPATH_ENGINE_DIR": "/srv/none"})
        self.env |= {"TOWPATH_ENGINE_DIR": str(root), "TOWPATH_ENGINE_PORT": "5099"}
        self.env["DOCKER_HOST"] = layout(self.env).host
        self._registry, self._pushed = registry, pushed

    def answer(
        self, argv: tuple[str, ...], env: dict[str, str], stdin: str | None, check: bool
    ) -> Outcome:
        """Push."""
        self.given = env
        for image in monitoring_images.IMAGES if self._pushed else ():
            name, tag = image.split(":")
            self._registry.add(f"/v2/{name}/manifests/{tag}")
        return super().answer(argv, env, stdin, check)


def provide(runner: Builder) -> None:
    """Provide the images to the engine that a runner uses, whose tools know nothing of Towpath."""
    env = dict(runner.env)
    runner.env = {name: value for name, value in env.items() if not name.startswith("TOWPATH_")}
    try:
        monitoring_images.provide(env, runner, QuietTerminal())
    finally:
        runner.env = env


@pytest.fixture
def root(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a directory of an engine."""
    monkeypatch.setattr(layouts, "LONGEST", 4096)
    return tmp_path_factory.mktemp("engine")


def test_images_are_made_once(registry: set[str], root: Path) -> None:
    """With the engine's registry and the machine's proxies."""
    runner = Builder(registry, root)
    provide(runner)
    provide(runner)

    assert len(runner.lines) == 1
    assert runner.given["REGISTRY"] == "localhost:5099"
    assert runner.given["http_proxy"] == "http://proxy"


def test_what_the_registry_lost_is_made_again(registry: set[str], root: Path) -> None:
    """The mark alone is not believed."""
    runner = Builder(registry, root)
    provide(runner)
    registry.clear()
    provide(runner)

    assert len(runner.lines) == 2


def test_another_recipe_makes_them_again(
    registry: set[str], root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A later version of Towpath may assemble them otherwise."""
    runner = Builder(registry, root)
    provide(runner)
    monkeypatch.setattr(monitoring_images, "recipe", lambda: "another")
    provide(runner)

    assert len(runner.lines) == 2


def test_another_engine_pulls_the_official_ones(registry: set[str], root: Path) -> None:
    """Nothing is made."""
    runner = Builder(registry, root)
    runner.env["DOCKER_HOST"] = "unix:///var/run/docker.sock"
    provide(runner)

    assert runner.lines == []


def test_a_build_that_pushed_nothing_is_an_error(registry: set[str], root: Path) -> None:
    """And no later command takes it for done."""
    runner = Builder(registry, root, pushed=False)
    with pytest.raises(CommandFailedError, match="does not have prom/prometheus") as caught:
        provide(runner)

    assert "images-monitoring.log" in caught.value.next_step
    with pytest.raises(CommandFailedError):
        provide(runner)


def test_names_are_the_same_wherever_they_stand() -> None:
    """Compose, recipe and module name the same images."""
    compose = COMPOSE.read_text()
    recipe = (monitoring_images.FILES / "docker-bake.hcl").read_text()

    for image in monitoring_images.IMAGES:
        assert f"    image: {image}\n" in compose
        assert f'"${{REGISTRY}}/{image}"' in recipe
    assert compose.count("    image: prom/") == len(monitoring_images.IMAGES)
