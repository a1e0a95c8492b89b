"""Tokens that end, pushes that only say so, and registries of which one refuses."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.engine.faults.copies import (
    SMALL,
    UPLOAD,
    held,
    require_no_tag,
    require_whole,
    sizes,
    workspace_of,
)
from tests.misbehaving import Mischief, Proxy, RealRegistry, proxied
from tests.registry_server import NAME, push_image
from tests.releases import labels
from towpath.config.workspace import Workspace
from towpath.core.errors import RegistryError, RegistryNotFoundError, RegistryUnauthorizedError
from towpath.registry import publish as mirror
from towpath.registry.client.uploads import CHUNK
from towpath.registry.oci_reader import Manifest

pytestmark = pytest.mark.engine

ROOT = Path(__file__).resolve().parents[3]


def test_a_token_that_ends_halfway_is_renewed(
    workspace: Workspace, origin: RealRegistry, target: RealRegistry, proxy: Proxy, image: Manifest
) -> None:
    """A token good for ten requests is fetched again, and no chunk is lost."""
    proxy.token_lasts = 10

    mirror.mirror(workspace)

    require_whole(target, image)
    assert proxy.tokens >= 3
    assert proxy.uploaded == sizes(origin, image)


def test_tokens_that_are_not_accepted_end_it(
    workspace: Workspace, target: RealRegistry, proxy: Proxy, image: Manifest
) -> None:
    """A login that is refused for good is an error of its own, and moves nothing."""
    proxy.mischief = [Mischief("", (403, {}, b"")) for _ in range(99)]

    with pytest.raises(RegistryUnauthorizedError):
        mirror.mirror(workspace)

    require_no_tag(target)
    proxy.mischief = []
    mirror.mirror(workspace)
    require_whole(target, image)


@pytest.mark.parametrize(
    ("where", "error"),
    [
        (f"PUT /v2/{NAME}{UPLOAD}", RegistryNotFoundError),
        (f"PUT /v2/{NAME}/manifests/sha256:", RegistryNotFoundError),
        (f"PUT /v2/{NAME}/manifests/built", RegistryNotFoundError),
    ],
    ids=["blob", "manifest", "tag"],
)
def test_a_push_that_only_says_so_is_noticed(
    workspace: Workspace,
    target: RealRegistry,
    proxy: Proxy,
    image: Manifest,
    where: str,
    error: type[RegistryError],
) -> None:
    """201 with nothing stored: what is not there afterwards was not pushed."""
    proxy.mischief = [Mischief(where, (201, {}, b""))]

    with pytest.raises(error):
        mirror.mirror(workspace)

    require_no_tag(target)
    mirror.mirror(workspace)
    require_whole(target, image)


def test_a_tag_moves_in_no_registry_if_one_refuses(
    workspace: Workspace, origin: RealRegistry, target: RealRegistry, proxy: Proxy, image: Manifest
) -> None:
    """What had moved before is put back to what it named."""
    mirror.mirror(workspace)
    first = held(origin)
    other = push_image(first, labels(), layer=b"other", tag="other")
    first.put_manifest("stage", image)
    mirror.mirror(workspace, image.digest, "stage")
    with proxied(origin) as before:
        refusing = workspace_of(workspace.config.root, before.host, proxy.host)
        before.mischief = [
            Mischief(f"PUT /v2/{NAME}/manifests/stage", (403, {}, b"")) for _ in range(9)
        ]

        with pytest.raises(RegistryUnauthorizedError):
            mirror.mirror(refusing, other.digest, "stage")

    assert first.resolve("stage") == image.digest
    assert held(target).resolve("stage") == image.digest


def test_a_mirror_that_is_killed_is_finished_by_the_next(
    workspace: Workspace, origin: RealRegistry, target: RealRegistry, proxy: Proxy, image: Manifest
) -> None:
    """The process dies in the middle of the large layer; what arrived of it is not sent again."""
    (workspace.config.root / "pyproject.toml").write_text(
        f"[tool.towpath]\nname = 'app'\nrepository = '{NAME}'\n"
        f"registry = '{origin.host}'\nregistries = ['{proxy.host}']\n"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT), **workspace.config.env}
    shutil.copyfile(ROOT / "tasks.py", workspace.config.root / "tasks.py")
    begun = threading.Event()

    def wait() -> None:
        begun.set()
        time.sleep(30)

    # The first chunk is there when the second one begins, which never gets anywhere.
    proxy.mischief = [
        Mischief("PATCH", first=lambda: proxy.mischief.append(Mischief("PATCH", first=wait)))
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", "invoke", "registry.mirror"],
        cwd=workspace.config.root,
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert begun.wait(60)
        deadline = time.monotonic() + 10
        while proxy.uploaded < CHUNK + 2 * SMALL and time.monotonic() < deadline:
            time.sleep(0.05)
    finally:
        process.kill()
        process.wait()
    require_no_tag(target)
    arrived = proxy.uploaded
    assert arrived >= CHUNK

    mirror.mirror(workspace)

    require_whole(target, image)
    assert proxy.uploaded == sizes(origin, image)
