"""What the tests of the engine share: time enough, and images that are built once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.engine import product, small
from towpath.config.workspace import Workspace
from towpath.images import build
from towpath.images.build import Built
from towpath.images.options import TARGETS
from towpath.source import snapshot as source
from towpath.source.snapshot import SourceSnapshot
from towpath.tasks.context import workspace as new_workspace


@pytest.fixture(scope="module")
def local() -> Iterator[Workspace]:
    """Give a workspace on this machine's engine, and take what small projects build out of it."""
    found = new_workspace(engine=True)
    yield found
    named = f"--filter=reference={found.config.registry}/{small.REPOSITORY}-*"
    said = found.runner.run(["docker", "image", "ls", "--format={{.Repository}}:{{.Tag}}", named])
    found.runner.run(["docker", "image", "rm", "--force", *said.stdout.split()], check=False)


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Return a workspace in a commit of its own, made of the files as they are now."""
    return product.project(tmp_path_factory.mktemp("product") / "project")


@pytest.fixture(scope="session")
def made_of(workspace: Workspace) -> SourceSnapshot:
    """Return the source of the images."""
    return source.read_source(workspace)


@pytest.fixture(scope="session")
def built(workspace: Workspace, made_of: SourceSnapshot) -> Iterator[Built]:
    """Build production for both platforms and push it."""
    yield build.build(workspace, made_of, platforms=product.PLATFORMS)
    _remove(workspace)


@pytest.fixture(scope="session")
def rebuilt(
    workspace: Workspace, made_of: SourceSnapshot, built: Built
) -> Iterator[dict[str, Built]]:
    """Build every target again, each step of it, with a secret that no cache has seen."""
    yield build.build_all(
        workspace, made_of, platforms=product.PLATFORMS, targets=TARGETS, no_cache=True
    )
    _remove(workspace)


def _remove(workspace: Workspace) -> None:
    """Take every name of the product's images out of the engine; the registry keeps its own."""
    named = f"--filter=reference={workspace.config.images}"
    listed = ["docker", "image", "ls", "--format={{.Repository}}:{{.Tag}}", named]
    names = workspace.runner.run(listed).stdout.split()
    workspace.runner.run(["docker", "image", "rm", "--force", *names], check=False)
