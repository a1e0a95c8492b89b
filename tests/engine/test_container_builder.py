"""An engine without containerd's image store: a builder in a container builds, by BuildKit's image.

Most engines are of this kind, those of GitHub's runners among them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine import buildkit
from tests.engine.machine import Machine, machine
from tests.engine.small import BOTH, alone, project, require_interrupted
from towpath.config.workspace import Workspace
from towpath.core.errors import ConfigurationError
from towpath.core.runner import Runner
from towpath.images import build
from towpath.images.build import Built
from towpath.source import snapshot as source
from towpath.source.snapshot import SourceSnapshot

pytestmark = [
    pytest.mark.engine,
    pytest.mark.machine,
    # BuildKit may have to be compiled.
    pytest.mark.timeout(900),
]
RUNNING = ("ps", "--all", "--format={{.Image}}")


@pytest.fixture(scope="module")
def old(local: Workspace) -> Iterator[Machine]:
    """Start an engine that keeps no images in containerd, once for all tests."""
    buildkit.provide(local.runner, local.config.registry)
    with machine(local.runner, local.config.registry, store=False) as found:
        yield found


@pytest.fixture
def settings(
    local: Workspace, old: Machine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    """Give an environment in which buildx knows no builder yet, and end those that it started."""
    yield buildkit.settings(local.config.registry, tmp_path_factory.mktemp("buildx"))
    found = old.ask("ps", "--all", "--quiet", f"--filter=ancestor={buildkit.NAME}").stdout.split()
    if found:
        old.ask("rm", "--force", *found)


def test_it_builds_what_an_image_store_builds(
    local: Workspace, old: Machine, settings: dict[str, str], tmp_path: Path
) -> None:
    """Both platforms, the same index to the byte; one builder is made, and found again."""
    workspace = project(local, tmp_path, env=settings | old.environment)
    made_of = source.read_source(workspace)

    built = [build.build(workspace, made_of, platforms=BOTH, no_cache=True) for _ in range(2)]

    assert old.ask(*RUNNING).stdout.split() == [buildkit.NAME]
    other = build.build(alone(local, workspace), made_of, platforms=BOTH, no_cache=True)
    assert {row.digest for row in built} == {other.digest}


def test_the_product_is_the_same_image(
    workspace: Workspace,
    made_of: SourceSnapshot,
    built: Built,
    old: Machine,
    settings: dict[str, str],
) -> None:
    """All that its Dockerfile asks for, BuildKit in a container does as the engine does."""
    env = {**workspace.config.env, **settings, **old.environment}
    config = replace(workspace.config, env=env)
    runner = Runner(workspace.terminal, env=env, cwd=config.root)

    other = build.build(replace(workspace, config=config, runner=runner), made_of, platforms=BOTH)

    assert (other.digest, other.sizes) == (built.digest, built.sizes)


def test_one_platform_is_kept_in_the_engine(
    local: Workspace, old: Machine, settings: dict[str, str], tmp_path: Path
) -> None:
    """Without a push it is an image of the engine; two platforms are more than such one holds."""
    workspace = project(local, tmp_path, env=settings | old.environment)
    made_of = source.read_source(workspace)

    name = build.build_locally(workspace, made_of, platforms=BOTH[:1])

    said = old.ask("run", "--rm", name, "cat", "/srv/built-for")
    assert (said.code, said.stdout) == (0, "amd64\n")
    with pytest.raises(ConfigurationError, match="for one platform only, and 2 were"):
        build.build_locally(workspace, made_of, platforms=BOTH)


def test_another_machine_gets_one_too(
    local: Workspace, old: Machine, settings: dict[str, str], tmp_path: Path
) -> None:
    """It builds its own platform, the index is the same, and it goes when no settings want it."""
    workspace = project(local, tmp_path, node=old.node, env=settings)
    made_of = source.read_source(workspace)

    built = build.build(workspace, made_of, platforms=BOTH, no_cache=True)

    before = old.ask(*RUNNING).stdout.split()
    assert buildkit.NAME in before
    forgetting = replace(workspace, config=replace(workspace.config, builders={}))
    assert build.build(forgetting, made_of, platforms=BOTH, no_cache=True).digest == built.digest
    assert old.ask(*RUNNING).stdout.split() == before[1:]


@pytest.mark.usefixtures("listening")
def test_ctrl_c_ends_the_build_there(
    local: Workspace, old: Machine, settings: dict[str, str], tmp_path: Path
) -> None:
    """The step of a builder in a container of another machine is ended, and no tag is there."""
    require_interrupted(project(local, tmp_path, pause="61", node=old.node, env=settings), old)

    assert not old.runs("sleep 61")
