"""The Dockerfile, built for real: both platforms, the same bytes twice, and fit to run."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from towpath.errors import CommandFailedError
from towpath.flows import build, origin
from towpath.flows import registry as registries
from towpath.flows import source
from towpath.flows.build import Built
from towpath.flows.session import Session
from towpath.flows.source import Source
from towpath.readers import oci
from towpath.runner import Runner
from towpath.tasks.entry import session as new_session

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("Dockerfile", ".dockerignore", ".gitignore", "pyproject.toml", "requirements", "app")
PLATFORMS = ("linux/amd64", "linux/arm64")
SENTINEL = b"sentinel-5f1c9a"
SEALED = ("docker", "run", "--rm", "--read-only", "--tmpfs=/tmp", "--cap-drop=ALL")


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """Return a session in a commit of its own, made of the files as they are now."""
    root = tmp_path_factory.mktemp("project")
    for part in PARTS:
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copyfile
        copy(ROOT / part, root / part)
    shutil.copytree(ROOT / "tests" / "app", root / "tests" / "app")
    (root / "tests" / "__init__.py").touch()
    (root / "app" / ".env").write_bytes(b"SECRET_KEY=" + SENTINEL)
    found = new_session(engine=True)
    name = f"towpath/test-build-{uuid4().hex[:8]}"
    config = replace(found.config, root=root, repository=name)
    runner = Runner(found.terminal, env=dict(config.env), cwd=root)
    runner.run(["git", "init", "--quiet", "--initial-branch=main"])
    runner.run(["git", "add", "--all"])
    author = ["-c", "user.name=Test", "-c", "user.email=test@example.com"]
    runner.run(["git", *author, "commit", "--quiet", "--message=All of it"])
    return Session(config, runner, found.terminal)


@pytest.fixture(scope="module")
def made_of(session: Session) -> Source:
    return source.read(session)


@pytest.fixture(scope="module")
def built(session: Session, made_of: Source) -> Iterator[Built]:
    """Build both platforms and push them."""
    found = build.build(session, made_of, platforms=PLATFORMS)
    yield found
    session.runner.run(
        ["docker", "image", "rm", "--force", session.config.images.at(found.digest)], check=False
    )


def inside(session: Session, built: Built, *command: str, platform: str = PLATFORMS[0]) -> str:
    """Run a command in the image as strictly as production does, and return what it said."""
    image = session.config.images.at(built.digest)
    return session.runner.run([*SEALED, f"--platform={platform}", image, *command]).stdout


def test_one_commit_is_one_digest(session: Session, made_of: Source, built: Built) -> None:
    """Every step built again, without any cache, gives the very same index."""
    again = build.build(session, made_of, platforms=PLATFORMS, no_cache=True)

    assert again.digest == built.digest
    assert again.platforms == PLATFORMS


def test_every_tag_points_at_what_was_built(session: Session, built: Built) -> None:
    """Version and `built` are names of the digest in the build's metadata."""
    registry = registries.client(session)

    assert {registry.resolve(tag) for tag in built.tags} == {built.digest}


def test_the_labels_say_what_it_is_made_of(session: Session, made_of: Source, built: Built) -> None:
    """Commit, tree, version and time of both platforms are the source's."""
    image = registries.image(registries.client(session), built.digest)

    assert image.label("org.opencontainers.image.revision") == made_of.commit
    assert image.label("org.opencontainers.image.version") == made_of.version
    assert image.label("dev.towpath.tree") == made_of.tree
    assert image.label("dev.towpath.dirty") == "false"
    assert {part.config.user for part in image.platforms.values()} == {"10001:10001"}


def test_the_index_says_it_too(session: Session, made_of: Source, built: Built) -> None:
    """Revision, version and time are annotations of the index, so nobody has to pull a config."""
    index = registries.client(session).manifest(built.digest).document

    assert index["annotations"]["org.opencontainers.image.revision"] == made_of.commit
    assert index["annotations"]["org.opencontainers.image.version"] == made_of.version
    assert index["annotations"]["org.opencontainers.image.created"].endswith("Z")


def test_the_base_is_told_from_what_is_ours(session: Session, built: Built) -> None:
    """The layers of the base are the lowest on each platform, and the provenance names them."""
    registry = registries.client(session)
    base = origin.base(registry, built.digest)

    assert base is not None and base.name == "python:3.13-slim"
    for platform, part in registries.image(registry, built.digest).platforms.items():
        digests = [row.digest for row in oci.layers(part.manifest)]
        assert digests[: len(base.layers[platform])] == list(base.layers[platform])
        assert 0 < built.above_base[platform] < part.size
    assert built.programs > 0


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_dependencies_are_the_platforms_own(
    session: Session, built: Built, platform: str
) -> None:
    """Libraries in C load on each platform, by an ordinary user on a read-only root."""
    script = (
        "import os, platform, psycopg;"
        "print(platform.machine(), os.getuid(), psycopg.pq.__impl__)"
    )

    said = inside(session, built, "python", "-c", script, platform=platform).split()

    machine = {"linux/amd64": "x86_64", "linux/arm64": "aarch64"}[platform]
    assert said == [machine, "10001", "binary"]


def test_web_worker_and_migrations_are_one_image(session: Session, built: Built) -> None:
    """The programs that production calls are there, and Django finds no fault with a deployment."""
    assert "gunicorn" in inside(session, built, "gunicorn", "--version")
    assert inside(session, built, "celery", "--version").strip()
    checked = session.runner.run(
        [
            *SEALED,
            *("--env=DATABASE_HOST=x", "--env=CACHE_HOSTS=x:1", "--env=QUEUE_HOST=x"),
            *(f"--env=SECRET_KEY={uuid4()}{uuid4()}", "--env=ALLOWED_HOSTS=example.com"),
            "--env=INGEST_TOKEN=token",
            session.config.images.at(built.digest),
            *("python", "manage.py", "check", "--deploy", "--fail-level=WARNING"),
        ]
    )
    assert "no issues" in checked.stdout


def test_what_does_not_belong_there_is_not_there(session: Session, built: Built) -> None:
    """No git directory, environment file, test, pipeline or compiler is in the image."""
    script = (
        "import json, os, shutil;"
        "names = [n for _, ds, fs in os.walk('/srv/app') for n in (*ds, *fs)];"
        "print(json.dumps([sorted(set(names) & {'.git', '.env', 'tests', 'var.db'}),"
        " sorted(os.listdir('/srv')), shutil.which('gcc')]))"
    )

    assert json.loads(inside(session, built, "python", "-c", script)) == [
        [],
        ["app", "epoch", "lib"],
        None,
    ]


def test_no_layer_holds_the_secret_beside_the_code(session: Session, built: Built) -> None:
    """The value in an environment file that lies among the code is in no layer and no config."""
    registry = registries.client(session)
    part = registries.image(registry, built.digest).platforms["linux/arm64"]

    assert SENTINEL not in registry.blob(oci.config_of(part.manifest).digest)
    for layer in oci.layers(part.manifest):
        with registry.open_blob(layer.digest) as stream, gzip.open(stream) as content:
            assert SENTINEL not in content.read()


def test_the_testing_image_runs_the_tests_inside_itself(session: Session, made_of: Source) -> None:
    """Production with the test tools on top passes the tests of the application."""
    name = build.keep(session, made_of, platforms=PLATFORMS[:1], target="testing")

    said = session.runner.run([*SEALED, name])

    assert " passed" in said.stdout
    session.runner.run(["docker", "image", "rm", "--force", name])


def test_a_container_without_its_settings_does_not_start(session: Session, built: Built) -> None:
    """Production names the variable that it misses, and serves nothing."""
    with pytest.raises(CommandFailedError, match="gunicorn|docker") as caught:
        inside(session, built)
    assert "DATABASE_HOST" in caught.value.why
