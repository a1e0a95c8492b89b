"""Prune against a real registry, in namespaces of its own as the embedded engine has them.

Fifty releases are pushed and pruned, and the disk is really freed.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests import forwarding
from tests.fakes import QuietTerminal
from tests.misbehaving import embedded_program, free_port
from tests.registry_server import NAME, push_image
from tests.releases import labels
from towpath import config
from towpath.config import Environment
from towpath.config.workspace import Workspace
from towpath.core import private
from towpath.core.errors import RegistryError
from towpath.core.runner import Runner
from towpath.engine import daemon
from towpath.engine import garbage_collection as collection
from towpath.engine import processes, recipes
from towpath.engine.layout import Layout, layout
from towpath.environments.environment import Site
from towpath.registry import attachments as attached
from towpath.registry import image as registry
from towpath.registry import oci_reader as oci
from towpath.registry import push_lock as guard
from towpath.registry.client import RegistryClient
from towpath.retention import prune
from towpath.tasks.context import workspace as new_workspace

pytestmark = [
    pytest.mark.engine,
    pytest.mark.machine,
    # The registry is meant to outlive the command that starts it.
    pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning"),
]

# As towpath/engine/engine.sh does it, without a Docker engine: the registry is a child of the first
# process of a PID namespace. What is in front of it asks for no password.
FIRST = (
    'trap "exit 0" TERM; docker-registry serve "$1" & shift; "$@" & while :; do wait; sleep 1; done'
)
LAYER = 200_000  # bytes, random and of each release its own
RELEASES, EVERY, KEEP = 50, 10, 3


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    """A project on a registry that stands where an embedded engine would have its own."""
    tools = new_workspace(engine=True)
    program = embedded_program(tools.config.env)
    if program is None:
        pytest.fail("The registry of the embedded engine is needed: invoke engine.up")
    with tempfile.TemporaryDirectory(prefix="towpath-") as folder:
        env = {
            **tools.config.env,
            "TOWPATH_ENGINE_DIR": folder,
            "TOWPATH_ENGINE_PORT": str(free_port()),
            "PATH": f"{tools.config.env['PATH']}:{program.parent}",
        }
        own = layout(env)
        runner = Runner(QuietTerminal(), env=env, cwd=Path(folder))
        start(own, runner)
        table = {"name": f"prune-{own.port}", "repository": NAME, "registry": own.registry}
        found = config.parse(table, Path(folder), {**env, "TOWPATH_STATE": f"{folder}/own"})
        found = replace(found, environments={"staging": Environment("staging", 8081)})
        yield Workspace(found, runner, QuietTerminal())
        daemon.stop(own)


def start(own: Layout, runner: Runner) -> None:
    """Start the registry as the engine's, and return when it answers."""
    own.run.mkdir(parents=True)
    own.state.mkdir()
    private.write_private(own.password, "nobody asks for it")
    place = own.run / "registry.yml"
    place.write_text(recipes.registry_config(own.state, own.run))
    front = [
        sys.executable,
        forwarding.__file__,
        f"127.0.0.1:{own.port}",
        f"{own.run}/registry.sock",
    ]
    argv = ["sh", "-c", daemon.RECORD, "sh", str(own.record), "unshare", *daemon.NAMESPACES]
    runner.spawn([*argv, "sh", "-c", FIRST, "sh", str(place), *front], log=own.log)
    assert processes.until(lambda: daemon.registry_answers(own.port), 20), own.log.read_text()


def release(client: RegistryClient, number: int) -> str:
    """Push one release: two platforms, a layer of its own, an SBOM and evidence of a kind."""
    layer = random.Random(number).randbytes(LAYER)
    day = f"2026-{1 + number // 28:02}-{1 + number % 28:02}T00:00:00Z"
    made = {**labels(), "org.opencontainers.image.created": day}
    index = push_image(client, made, layer=layer, tag=f"1.0.{number}")
    client.put_manifest("built", index)
    for text in (b"sbom", b"evidence"):
        words = text + str(number).encode()
        attached.attach(client, index, "application/x", words, media_type="text/plain")
    return index.digest


def whole(client: RegistryClient, digest: str) -> bool:
    """Tell whether an image, each blob of it, and what hangs on it are there."""
    registry.image(client, digest)
    rows = [client.manifest(row.digest) for row in client.referrers(digest)]
    texts = [client.blob(oci.layers(row)[0].digest) for row in rows]
    return len(texts) == 2


def disk(workspace: Workspace) -> int:
    """Return the bytes of every file of the registry."""
    place = collection.storage(workspace.config.env, workspace.config.images)
    assert place is not None
    return collection.usage(place)


def test_fifty_releases_take_the_disk_of_a_few(workspace: Workspace) -> None:
    """Never more than those since the last prune and those that stay; what stays is whole."""
    client = registry.client(workspace)
    peak, after, digests = 0, [], []
    for number in range(RELEASES):
        digests.append(release(client, number))
        if number % EVERY == EVERY - 1:
            peak = max(peak, disk(workspace))
            prune.prune(workspace, keep=KEEP, sure=True)
            after.append(disk(workspace))

    assert peak < (EVERY + KEEP) * LAYER * 1.1
    assert max(after) < KEEP * LAYER * 1.1
    assert max(after) - min(after) < LAYER * 0.05, "nothing small is left behind either"
    assert all(whole(client, digest) for digest in digests[-KEEP:])
    assert sorted(tag for tag in client.tags() if tag[0] == "1") == ["1.0.47", "1.0.48", "1.0.49"]
    assert not client.has_manifest(digests[0])


def test_what_staging_goes_back_to_outlives_fifty_others(workspace: Workspace) -> None:
    """It is older than the last N, and whole with its evidence after the disk was freed."""
    client = registry.client(workspace)
    digests = [release(client, number) for number in range(6)]
    state = Site.open(workspace, workspace.config.environment("staging")).state
    rows = [
        {"kind": "deploy", "digest": digest, "deployment": str(number)}
        for number, digest in enumerate(digests[:2])
    ]
    state.write("releases.json", json.dumps({"releases": rows}).encode())

    prune.prune(workspace, keep=1, sure=True)

    assert [whole(client, digests[number]) for number in (0, 1, 5)] == [True] * 3
    assert not client.has_manifest(digests[2])


def test_pulls_go_on_and_pushes_fail_while_the_disk_is_freed(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A push past the lock, as another tool does it, is refused and not half taken."""
    client, seen = registry.client(workspace), []
    digest = release(client, 1)
    tidy = collection._tidy

    def meanwhile(place: Path) -> None:
        seen.append(client.resolve(digest))
        with pytest.raises(RegistryError):
            client.put_blob(b"another", "text/plain")
        tidy(place)

    monkeypatch.setattr(collection, "_tidy", meanwhile)
    prune.prune(workspace, keep=1, sure=True)

    assert seen == [digest]
    assert client.put_blob(b"another", "text/plain").size == 7


def test_a_collection_that_was_killed_is_healed_by_the_next_push(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The registry was left read-only; whoever pushes next starts it again."""
    own, client = layout(workspace.config.env), registry.client(workspace)
    own.collecting.touch()
    collection._serve(own, workspace.runner, readonly=True)  # type: ignore[arg-type]
    with pytest.raises(RegistryError):
        client.put_blob(b"another", "text/plain")

    with guard.pushing(workspace):
        release(client, 1)

    assert not own.collecting.exists()


def test_a_push_waits_until_a_prune_is_done(workspace: Workspace) -> None:
    """It begins when the lock is free, and finds a registry that takes it."""
    client, order = registry.client(workspace), []

    def push() -> None:
        with guard.pushing(workspace):
            order.append("push")
            release(client, 2)

    with guard.alone(workspace):
        other = threading.Thread(target=push)
        other.start()
        other.join(0.5)
        order.append("prune")
    other.join(30)

    assert order == ["prune", "push"]
    assert client.tags()
