"""Builds of one engine share its cache mounts: what one writes there is in no image of another."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest

from tests.engine import product
from towpath.config.workspace import Workspace
from towpath.images import bake

pytestmark = pytest.mark.engine

MOUNT = "--mount=type=cache,"
LOOK = "\nFROM scratch AS looked\nCOPY --from=dependencies /django/srv/lib/django/__init__.py /\n"
# With --no-cache a build has cache mounts of its own: steps run again by what is new in them.
POISON = """FROM python:3.13-slim
ENV ROUND={id}
RUN --mount=type=cache,id={id},target=/root/.cache find /root/.cache -path '*django/__init__.py' \\
    -exec sh -c 'echo "POISON = 1" >> "$1"' _ {{}} \\;
"""


def test_a_poisoned_cache_is_in_no_image(tmp_path: Path) -> None:
    """Another project writes to the cache that a build has filled; the next build takes none of it.

    The cache has a name of this test's own: no other build of the engine is harmed.
    """
    workspace = product.project(tmp_path / "project")
    name = f"test-{uuid4()}"
    file = workspace.config.root / "Dockerfile"
    file.write_text(file.read_text().replace(MOUNT, f"{MOUNT}id={name},") + LOOK)
    bad = tmp_path / "bad"
    bad.mkdir()
    (bad / "Dockerfile").write_text(POISON.format(id=name))

    first = _looked(workspace, tmp_path / "first")
    workspace.runner.run([*_build(workspace), "--output=type=cacheonly", str(bad)])
    second = _looked(workspace, tmp_path / "second")

    assert "VERSION = " in first
    assert second == first


def _looked(workspace: Workspace, into: Path) -> str:
    """Install again what every platform has alike, and return a file of it."""
    with (workspace.config.root / "requirements/production.txt").open("a") as stream:
        stream.write(f"# {uuid4()}\n")
    wanted = ["--target=looked", f"--output=type=local,dest={into}"]
    workspace.runner.run([*_build(workspace), *wanted, str(workspace.config.root)])
    return (into / "__init__.py").read_text()


def _build(workspace: Workspace) -> list[str]:
    ca_file = bake.certificates(workspace.config.env)
    secret = [f"--secret=id=ca,src={ca_file}"] if ca_file else []
    return ["docker", "buildx", "build", "--progress=plain", *secret]
