"""The Dockerfile, built for real: both platforms, the same bytes twice, and fit to run."""

from __future__ import annotations

from uuid import uuid4

import pytest

from tests.engine.product import PLATFORMS, SEALED, inside
from towpath.config.workspace import Workspace
from towpath.images import origin
from towpath.images.build import Built
from towpath.registry import image as registries
from towpath.registry import oci_reader as oci
from towpath.source.snapshot import SourceSnapshot

pytestmark = pytest.mark.engine


def test_one_commit_is_one_digest(built: Built, rebuilt: dict[str, Built]) -> None:
    """Every step built again, without any cache, gives the very same index."""
    assert rebuilt["production"].digest == built.digest
    assert rebuilt["production"].platforms == PLATFORMS


def test_every_target_is_built_in_one_go(rebuilt: dict[str, Built]) -> None:
    """Three images for two platforms, each under its own name."""
    assert {name: row.platforms for name, row in rebuilt.items()} == {
        name: PLATFORMS for name in ("production", "testing", "development")
    }
    assert len({row.digest for row in rebuilt.values()}) == 3
    assert rebuilt["testing"].tags == ("testing",)


def test_every_tag_points_at_what_was_built(workspace: Workspace, built: Built) -> None:
    """Version and `built` are names of the digest in the build's metadata."""
    registry = registries.client(workspace)

    assert {registry.resolve(tag) for tag in built.tags} == {built.digest}


def test_the_labels_say_what_it_is_made_of(
    workspace: Workspace, made_of: SourceSnapshot, built: Built
) -> None:
    """Commit, tree, version and time of both platforms are the source's."""
    image = registries.image(registries.client(workspace), built.digest)

    assert image.label("org.opencontainers.image.revision") == made_of.commit
    assert image.label("org.opencontainers.image.version") == made_of.version
    assert image.label("dev.towpath.tree") == made_of.tree
    assert image.label("dev.towpath.dirty") == "false"
    assert {part.config.user for part in image.platforms.values()} == {"10001:10001"}


def test_the_index_says_it_too(workspace: Workspace, made_of: SourceSnapshot, built: Built) -> None:
    """Revision, version and time are annotations of the index, so nobody has to pull a config."""
    index = registries.client(workspace).manifest(built.digest).document

    assert index["annotations"]["org.opencontainers.image.revision"] == made_of.commit
    assert index["annotations"]["org.opencontainers.image.version"] == made_of.version
    assert index["annotations"]["org.opencontainers.image.created"].endswith("Z")


def test_the_base_is_told_from_what_is_ours(workspace: Workspace, built: Built) -> None:
    """The layers of the base are the lowest on each platform, and the provenance names them."""
    registry = registries.client(workspace)
    base = origin.base(registry, built.digest)

    assert base is not None and base.name == "python:3.13-slim"
    for platform, part in registries.image(registry, built.digest).platforms.items():
        digests = [row.digest for row in oci.layers(part.manifest)]
        assert digests[: len(base.layers[platform])] == list(base.layers[platform])
        assert 0 < built.above_base[platform] < part.size
    assert built.programs > 0


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_dependencies_are_the_platforms_own(
    workspace: Workspace, built: Built, platform: str
) -> None:
    """Libraries in C load on each platform, by an ordinary user on a read-only root."""
    script = (
        "import os, platform, psycopg;"
        "print(platform.machine(), os.getuid(), psycopg.pq.__impl__)"
    )

    said = inside(workspace, built, "python", "-c", script, platform=platform).split()

    machine = {"linux/amd64": "x86_64", "linux/arm64": "aarch64"}[platform]
    assert said == [machine, "10001", "binary"]


def test_web_worker_and_migrations_are_one_image(workspace: Workspace, built: Built) -> None:
    """The programs that production calls are there, and Django finds no fault with a deployment."""
    assert "gunicorn" in inside(workspace, built, "gunicorn", "--version")
    assert inside(workspace, built, "celery", "--version").strip()
    checked = workspace.runner.run(
        [
            *SEALED,
            *("--env=DATABASE_HOST=x", "--env=CACHE_HOSTS=x:1", "--env=QUEUE_HOST=x"),
            *(f"--env=SECRET_KEY={uuid4()}{uuid4()}", "--env=ALLOWED_HOSTS=example.com"),
            "--env=INGEST_TOKEN=token",
            workspace.config.images.at(built.digest),
            *("python", "manage.py", "check", "--deploy", "--fail-level=WARNING"),
        ]
    )
    assert "no issues" in checked.stdout


def test_a_container_without_its_settings_does_not_start(
    workspace: Workspace, built: Built
) -> None:
    """Production names the variable that it misses, and serves nothing."""
    image = workspace.config.images.at(built.digest)
    kept = [word for word in SEALED if word != "--rm"]
    container = workspace.runner.run([*kept, "--detach", image]).stdout.strip()
    try:
        ended = workspace.runner.run(["docker", "wait", container], timeout=60.0).stdout.strip()
        said = workspace.runner.run(["docker", "logs", container])
    finally:
        workspace.runner.run(["docker", "rm", "--force", container])
    assert int(ended) != 0
    assert "DATABASE_HOST" in said.stdout + said.stderr
