"""Two engines, one image: each builds its own platform, and the index is that of one engine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine.machine import Machine, machine
from tests.engine.small import BOTH, alone, project, require_interrupted
from towpath.config.workspace import Workspace
from towpath.core.errors import CommandFailedError, RegistryNotFoundError
from towpath.images import build, origin
from towpath.images import remote_builders as builders
from towpath.registry import image as registries
from towpath.registry import oci_reader as oci
from towpath.source import snapshot as source

pytestmark = [pytest.mark.engine, pytest.mark.machine]


@pytest.fixture(scope="module")
def far(local: Workspace) -> Iterator[Machine]:
    """Start a second engine, once for all tests."""
    with machine(local.runner, local.config.registry) as found:
        yield found


def names(said: str, repository: str) -> list[str]:
    """Return the tags of a repository in a list of an engine's images."""
    rows = [line.rpartition(":") for line in said.split()]
    return sorted(tag for name, _, tag in rows if name.endswith(repository))


def test_each_engine_builds_its_own_platform(
    local: Workspace, far: Machine, tmp_path: Path
) -> None:
    """The second engine holds the arm64 half and nothing else; one engine makes the same index."""
    workspace = project(local, tmp_path, node=far.node)
    made_of = source.read_source(workspace)

    built = build.build(workspace, made_of, platforms=BOTH, no_cache=True)

    listed = ["image", "ls", "--format={{.Repository}}:{{.Tag}}"]
    there = names(far.ask(*listed).stdout, workspace.config.repository)
    assert there == ["building-base-0-arm64", "building-production-arm64"]
    here = names(local.runner.run(["docker", *listed]).stdout, workspace.config.repository)
    assert "building-production-arm64" not in here
    registry = registries.client(workspace)
    assert [row.platform for row in oci.children(registry.manifest(built.digest))] == list(BOTH)
    assert {registry.resolve(tag) for tag in built.tags} == {built.digest}
    base = origin.base(registry, built.digest)
    assert base is not None and set(base.layers) == set(BOTH)

    again = build.build(alone(local, workspace), made_of, platforms=BOTH, no_cache=True)

    assert again.digest == built.digest


def test_only_the_far_platform_is_built_far(local: Workspace, far: Machine, tmp_path: Path) -> None:
    """One platform is one manifest, and the bytes are those of this machine."""
    workspace = project(local, tmp_path, node=far.node)
    made_of = source.read_source(workspace)

    built = build.build(workspace, made_of, platforms=BOTH[1:], no_cache=True)

    assert built.platforms == BOTH[1:]
    assert build.build(alone(local, workspace), made_of, platforms=BOTH[1:]).digest == built.digest


def test_what_fails_far_away_is_told_with_its_name(
    local: Workspace, far: Machine, tmp_path: Path
) -> None:
    """The end of what it said is the reason, all of it is in the log, and no tag is there."""
    workspace = project(local, tmp_path, pause="no number", node=far.node)

    with pytest.raises(CommandFailedError) as caught:
        build.build(workspace, source.read_source(workspace), platforms=BOTH)

    assert caught.value.what.startswith(f"Build of linux/arm64 failed on {far.node.endpoint}: ")
    assert "did not complete successfully" in caught.value.why
    log = workspace.config.reports / "logs" / "build-arm64.log"
    assert "invalid time interval" in log.read_text()
    with pytest.raises(RegistryNotFoundError):
        registries.client(workspace).resolve("built")


@pytest.mark.usefixtures("listening")
def test_ctrl_c_ends_the_build_on_the_other_machine(
    local: Workspace, far: Machine, tmp_path: Path
) -> None:
    """Its step is ended there, and no tag is there."""
    require_interrupted(project(local, tmp_path, pause="61", node=far.node), far)

    assert not far.runs("sleep 61")


def test_a_stranger_is_not_let_in(local: Workspace, far: Machine, tmp_path: Path) -> None:
    """A key that its authority did not sign ends the build before anything is built."""
    node = replace(far.node, cert=str(tmp_path / "cert.pem"), key=str(tmp_path / "key.pem"))
    made = ["-keyout", node.key, "-out", node.cert, "-subj", "/CN=stranger"]
    local.runner.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *made])
    (tmp_path / "project").mkdir()
    workspace = project(local, tmp_path / "project", node=node)

    with pytest.raises(CommandFailedError) as caught:
        build.build(workspace, source.read_source(workspace), platforms=BOTH)

    assert caught.value.what.startswith(f"Cannot build linux/arm64 on {node.endpoint}: ")
    assert caught.value.code == 5


def test_a_builder_that_cannot_start_leaves_nothing(local: Workspace, tmp_path: Path) -> None:
    """An engine without an image store needs a builder; its image is nowhere to be had there."""
    with machine(local.runner, local.config.registry, store=False, mirror=False) as old:
        workspace = project(local, tmp_path, node=old.node)
        contexts = ["docker", "context", "ls", "--format={{.Name}}"]
        listed = ["docker", "buildx", "ls"]
        before = [local.runner.run(argv).stdout for argv in (contexts, listed)]
        # A name that leads nowhere: where Docker Hub is reached, the builder would start.
        line = "echo 127.0.0.1 registry-1.docker.io >> /etc/hosts"
        old.runner.run(["docker", "exec", old.name, "sh", "-c", line])

        with pytest.raises(CommandFailedError, match="^Cannot build linux/arm64 on tcp") as caught:
            with builders.ready_builders(workspace, BOTH):
                pass

        # It was made, and its start was what failed.
        assert "pulling image" in caught.value.why
        assert [local.runner.run(argv).stdout for argv in (contexts, listed)] == before
        assert old.ask("ps", "--all", "--quiet").stdout == ""
        assert list((workspace.config.state / "builders").iterdir()) == []
