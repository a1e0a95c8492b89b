"""This machine as a place that builds: its engine, or a builder in a container for each engine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.fakes import QuietTerminal
from tests.unit.images.machines import HERE, Engine, Machines
from towpath.config import parse
from towpath.config.workspace import Workspace
from towpath.core.errors import CommandFailedError
from towpath.images.builder import Builder, here

BOTH = ("linux/amd64", "linux/arm64")
NETWORK, TLS = "--driver-opt=network=host", "tcp://docker:2376"


def workspace_of(root: Path, machines: Machines, **env: str) -> Workspace:
    """Return a session whose environment leads to an engine."""
    return Workspace(
        parse({"name": "box"}, root, {"HOME": str(root), **env}), machines, QuietTerminal()
    )


def old(engine: str = "one") -> Machines:
    """Return a machine whose engine has no image store."""
    return Machines({HERE: Engine("x86_64", store=False, id=engine)})


def with_tls(root: Path, names: tuple[str, ...] = ("ca", "cert", "key")) -> dict[str, str]:
    """Write files for TLS, and return the environment that leads there."""
    for name in names:
        (root / f"{name}.pem").write_text(f"the {name}")
    return {"DOCKER_HOST": TLS, "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(root)}


def test_an_image_store_needs_no_builder(tmp_path: Path) -> None:
    """The engine is asked what it is, and nothing is made."""
    machines = Machines({HERE: Engine("x86_64")})

    assert here(workspace_of(tmp_path, machines), BOTH) == Builder("docker", BOTH)
    assert machines.lines == ["docker info --format json"]


def test_without_one_a_builder_is_made_once(tmp_path: Path) -> None:
    """It is on the host's network, and found again by its name."""
    machines = old()
    workspace = workspace_of(tmp_path, machines)

    first = here(workspace, BOTH)
    machines.engines[NETWORK] = Engine()
    second = here(workspace, BOTH)

    assert first == second == Builder(first.builder, BOTH, first.builder)
    assert first.builder.startswith("towpath-")
    assert [line for line in machines.lines if "create" in line] == [
        f"docker buildx create --name={first.builder} --driver=docker-container {NETWORK}"
    ]


@pytest.mark.parametrize("variable", ["DOCKER_HOST", "DOCKER_CONTEXT", "engine"])
def test_another_engine_has_another_builder(tmp_path: Path, variable: str) -> None:
    """One that was made for the first would build on the first for ever."""
    one = here(workspace_of(tmp_path, old()), BOTH)
    env = {} if variable == "engine" else {variable: "unix:///other"}

    other = here(workspace_of(tmp_path, old("two" if variable == "engine" else "one"), **env), BOTH)

    assert one.builder != other.builder


def test_an_engine_behind_tls_gets_a_context_first(tmp_path: Path) -> None:
    """buildx takes no files that only the environment names; other files are another builder."""
    machines = old()
    workspace = workspace_of(tmp_path, machines, **with_tls(tmp_path))

    found = here(workspace, BOTH)
    (tmp_path / "key.pem").write_text("another key")
    other = here(workspace, BOTH)

    files = ",".join(f"{name}={tmp_path}/{name}.pem" for name in ("ca", "cert", "key"))
    context = f"{found.builder}-engine"
    made = [line for line in machines.lines if "create" in line]
    assert made[0] == f"docker context create {context} --docker=host={TLS},{files}"
    assert made[1].startswith(f"docker buildx create --name={found.builder} ")
    assert made[1].endswith(f" {context}")
    assert other.builder != found.builder


def test_the_usual_place_of_the_files_is_known(tmp_path: Path) -> None:
    """Without DOCKER_CERT_PATH they lie where the client keeps its settings."""
    (tmp_path / ".docker").mkdir()
    env = with_tls(tmp_path / ".docker", ("ca",))
    machines = old()

    here(workspace_of(tmp_path, machines, **{**env, "DOCKER_CERT_PATH": ""}), BOTH)

    assert f"--docker=host={TLS},ca={tmp_path}/.docker/ca.pem" in machines.lines[2]


def test_one_that_a_neighbour_has_just_made_is_taken(tmp_path: Path) -> None:
    """Two builds that start together make one builder between them."""
    machines = old()
    workspace = workspace_of(tmp_path, machines)
    name = here(workspace, BOTH).builder
    machines.builders.clear()

    class Neighbour(Machines):
        def _buildx(self, act: str, words: list[str], env: dict[str, str]) -> tuple[int, str]:
            if act == "create":
                self.builders[name] = HERE
                return 1, ""
            return super()._buildx(act, words, env)

    neighbour = Neighbour(machines.engines)

    assert here(replace(workspace, runner=neighbour), BOTH).builder == name


def test_one_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    """The words are those of buildx."""

    class Refusing(Machines):
        def _buildx(self, act: str, words: list[str], env: dict[str, str]) -> tuple[int, str]:
            return 1, ""

    with pytest.raises(CommandFailedError, match="buildx create"):
        here(workspace_of(tmp_path, Refusing(old().engines)), BOTH)
