"""Two engines, one image: each builds its own platform, and the index is that of one engine."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from tests.integration.machine import Machine, machine
from towpath.errors import CommandFailedError, InterruptedRunError, RegistryNotFoundError
from towpath.flows import build, builders, origin
from towpath.flows import registry as registries
from towpath.flows import source
from towpath.flows.session import Session
from towpath.nodes import Node
from towpath.readers import oci
from towpath.runner import Runner
from towpath.tasks.entry import session as new_session

pytestmark = [pytest.mark.integration, pytest.mark.engine, pytest.mark.machine]

REPOSITORY = "towpath/test-builders"
BOTH = ("linux/amd64", "linux/arm64")
DOCKERFILE = """FROM --platform=$BUILDPLATFORM python:3.13-slim AS builder
ARG TARGETARCH
COPY pause /tmp/
RUN if [ "$TARGETARCH" = arm64 ]; then sleep "$(cat /tmp/pause)"; fi \\
    && mkdir /tree && echo "$TARGETARCH" > /tree/built-for \\
    && touch --date=@315532800 /tree /tree/built-for
FROM python:3.13-slim AS production
COPY --from=builder /tree/ /srv/
"""


@pytest.fixture(scope="module")
def local() -> Iterator[Session]:
    """Give a session on this machine's engine, and take what it builds out of it."""
    found = new_session(engine=True)
    yield found
    named = f"--filter=reference={found.config.registry}/{REPOSITORY}-*"
    said = found.runner.run(["docker", "image", "ls", "--format={{.Repository}}:{{.Tag}}", named])
    found.runner.run(["docker", "image", "rm", "--force", *said.stdout.split()], check=False)


@pytest.fixture(scope="module")
def far(local: Session) -> Iterator[Machine]:
    """Start a second engine, once for all tests."""
    with machine(local.runner, local.config.registry) as found:
        yield found


def project(local: Session, root: Path, *, pause: str = "0", node: Node | None = None) -> Session:
    """Return a session in a commit of a small project, built by two machines if one is named."""
    (root / "Dockerfile").write_text(DOCKERFILE)
    (root / "pause").write_text(pause)
    (root / ".gitignore").write_text("reports/\nstate/\n")
    runner = Runner(local.terminal, env=dict(local.config.env), cwd=root)
    runner.run(["git", "init", "--quiet", "--initial-branch=main"])
    runner.run(["git", "add", "--all"])
    author = ["-c", "user.name=Test", "-c", "user.email=test@example.com"]
    runner.run(["git", *author, "commit", "--quiet", "--message=All of it"])
    config = replace(
        local.config,
        root=root,
        env={**local.config.env, "TOWPATH_STATE": str(root / "state")},
        repository=f"{REPOSITORY}-{uuid4().hex[:8]}",
        builders={node.platform: node} if node else {},
    )
    return Session(config, runner, local.terminal)


def alone(session: Session) -> Session:
    """Return the same project, built by this machine only."""
    return replace(session, config=replace(session.config, builders={}))


def names(said: str, repository: str) -> list[str]:
    """Return the tags of a repository in a list of an engine's images."""
    rows = [line.rpartition(":") for line in said.split()]
    return sorted(tag for name, _, tag in rows if name.endswith(repository))


def test_each_engine_builds_its_own_platform(local: Session, far: Machine, tmp_path: Path) -> None:
    """The second engine holds the arm64 half and nothing else; one engine makes the same index."""
    session = project(local, tmp_path, node=far.node)
    made_of = source.read(session)

    built = build.build(session, made_of, platforms=BOTH, no_cache=True)

    listed = ["image", "ls", "--format={{.Repository}}:{{.Tag}}"]
    there = names(far.ask(*listed).stdout, session.config.repository)
    assert there == ["building-base-0-arm64", "building-production-arm64"]
    here = names(local.runner.run(["docker", *listed]).stdout, session.config.repository)
    assert "building-production-arm64" not in here
    registry = registries.client(session)
    assert [row.platform for row in oci.children(registry.manifest(built.digest))] == list(BOTH)
    assert {registry.resolve(tag) for tag in built.tags} == {built.digest}
    base = origin.base(registry, built.digest)
    assert base is not None and set(base.layers) == set(BOTH)

    again = build.build(alone(session), made_of, platforms=BOTH, no_cache=True)

    assert again.digest == built.digest


def test_only_the_far_platform_is_built_far(local: Session, far: Machine, tmp_path: Path) -> None:
    """One platform is one manifest, and the bytes are those of this machine."""
    session = project(local, tmp_path, node=far.node)
    made_of = source.read(session)

    built = build.build(session, made_of, platforms=BOTH[1:], no_cache=True)

    assert built.platforms == BOTH[1:]
    assert build.build(alone(session), made_of, platforms=BOTH[1:]).digest == built.digest


def test_what_fails_far_away_is_told_with_its_name(
    local: Session, far: Machine, tmp_path: Path
) -> None:
    """The end of what it said is the reason, all of it is in the log, and no tag is there."""
    session = project(local, tmp_path, pause="no number", node=far.node)

    with pytest.raises(CommandFailedError) as caught:
        build.build(session, source.read(session), platforms=BOTH)

    assert caught.value.what.startswith(f"{far.node.endpoint} could not build linux/arm64: ")
    assert "did not complete successfully" in caught.value.why
    log = session.config.reports / "logs" / "build-arm64.log"
    assert "invalid time interval" in log.read_text()
    with pytest.raises(RegistryNotFoundError):
        registries.client(session).resolve("built")


@pytest.mark.usefixtures("listening")
def test_ctrl_c_ends_the_build_on_the_other_machine(
    local: Session, far: Machine, tmp_path: Path
) -> None:
    """Its step is ended there, no tag is there, and the next build goes on."""
    session = project(local, tmp_path, pause="61", node=far.node)
    started = time.monotonic()

    def interrupt() -> None:
        while not far.runs("sleep 61") and time.monotonic() - started < 40:
            time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGINT)

    watcher = threading.Thread(target=interrupt)
    watcher.start()
    with pytest.raises((KeyboardInterrupt, InterruptedRunError)):
        build.build(session, source.read(session), platforms=BOTH)
    watcher.join()

    assert time.monotonic() - started < 50
    deadline = time.monotonic() + 10
    while far.runs("sleep 61") and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not far.runs("sleep 61")
    with pytest.raises(RegistryNotFoundError):
        registries.client(session).resolve("built")


def test_a_stranger_is_not_let_in(local: Session, far: Machine, tmp_path: Path) -> None:
    """A key that its authority did not sign ends the build before anything is built."""
    node = replace(far.node, cert=str(tmp_path / "cert.pem"), key=str(tmp_path / "key.pem"))
    made = ["-keyout", node.key, "-out", node.cert, "-subj", "/CN=stranger"]
    local.runner.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *made])
    (tmp_path / "project").mkdir()
    session = project(local, tmp_path / "project", node=node)

    with pytest.raises(CommandFailedError) as caught:
        build.build(session, source.read(session), platforms=BOTH)

    assert caught.value.what.startswith(f"{node.endpoint} cannot build linux/arm64: ")
    assert caught.value.code == 5


def test_a_builder_that_cannot_start_leaves_nothing(local: Session, tmp_path: Path) -> None:
    """An engine without an image store needs a builder; its image is nowhere to be had here."""
    with machine(local.runner, local.config.registry, store=False) as old:
        session = project(local, tmp_path, node=old.node)
        contexts = ["docker", "context", "ls", "--format={{.Name}}"]
        listed = ["docker", "buildx", "ls"]
        before = [local.runner.run(argv).stdout for argv in (contexts, listed)]
        # A name that no registry has: where Docker Hub is reached, the builder would start.
        old.runner.run(
            [
                "docker",
                "exec",
                old.name,
                "sh",
                "-c",
                "echo 127.0.0.1 registry-1.docker.io >> /etc/hosts",
            ]
        )

        with pytest.raises(CommandFailedError, match="cannot build linux/arm64") as caught:
            with builders.places(session, BOTH):
                pass

        # It was made, and its start was what failed.
        assert "pulling image" in caught.value.why
        assert [local.runner.run(argv).stdout for argv in (contexts, listed)] == before
        assert old.ask("ps", "--all", "--quiet").stdout == ""
        assert list((session.config.state / "builders").iterdir()) == []
