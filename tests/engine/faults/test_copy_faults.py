"""A real registry behind a proxy that misbehaves: it heals, or ends in its own error.

No tag moves then, and the next call finishes without sending again what arrived.
"""

from __future__ import annotations

import subprocess
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
from tests.registry_server import NAME
from towpath.config.workspace import Workspace
from towpath.core.errors import (
    DigestMismatchError,
    RegistryFailingError,
    RegistryNetworkError,
    RegistryRateLimitedError,
)
from towpath.registry import oci_reader as oci
from towpath.registry import publish as mirror
from towpath.registry.client.uploads import CHUNK
from towpath.registry.oci_reader import Manifest

pytestmark = pytest.mark.engine


def test_what_is_whole_is_sent_once(
    workspace: Workspace, origin: RealRegistry, target: RealRegistry, proxy: Proxy, image: Manifest
) -> None:
    """A mirror sends every byte once; the next one sends none."""
    mirror.mirror(workspace)

    require_whole(target, image)
    assert proxy.uploaded == sizes(origin, image)

    again = mirror.mirror(workspace)

    assert proxy.uploaded == sizes(origin, image)
    assert [(row.sent, row.bytes_sent) for row in again.arrived] == [(0, 0)]


def test_a_line_that_breaks_in_a_blob_heals(
    workspace: Workspace, origin: RealRegistry, target: RealRegistry, proxy: Proxy, image: Manifest
) -> None:
    """One cut in the middle of the second chunk costs that blob's start, and no other blob."""
    proxy.mischief = [Mischief(f"PUT /v2/{NAME}{UPLOAD}", cut_request=1000)]
    proxy.mischief += [
        Mischief("PATCH", first=lambda: proxy.mischief.append(Mischief("PATCH", cut_request=9)))
    ]

    mirror.mirror(workspace)

    require_whole(target, image)
    assert proxy.uploaded <= sizes(origin, image) + CHUNK


def test_a_line_that_stays_broken_ends_in_its_error(
    workspace: Workspace, origin: RealRegistry, target: RealRegistry, proxy: Proxy, image: Manifest
) -> None:
    """No tag moves, and the next call sends only what did not arrive: chunks count too."""
    # The first chunk of the large layer arrives, every further one is lost on the way.
    proxy.mischief = [Mischief("PATCH", first=lambda: lose(proxy))]

    with pytest.raises(RegistryNetworkError):
        mirror.mirror(workspace)

    require_no_tag(target)
    arrived = proxy.uploaded
    assert arrived >= CHUNK
    proxy.mischief = []

    mirror.mirror(workspace)

    require_whole(target, image)
    assert proxy.uploaded == sizes(origin, image)


def lose(proxy: Proxy) -> None:
    """Let no further chunk begin."""
    proxy.mischief += [Mischief("PATCH", cut_request=0) for _ in range(99)]


def test_a_source_that_breaks_is_read_on(
    tmp_path: Path, origin: RealRegistry, target: RealRegistry, image: Manifest
) -> None:
    """A blob whose download breaks twice is gone on with from where it broke."""
    with proxied(origin) as before:
        workspace = workspace_of(tmp_path, before.host, target.host)
        layer = oci.layers(held(origin).manifest(oci.children(image)[0].digest))[0]
        where = f"GET /v2/{NAME}/blobs/{layer.digest}"
        before.mischief = [Mischief(where, cut_answer=CHUNK + 5), Mischief(where, cut_answer=7)]

        mirror.mirror(workspace)

        assert sum(line.startswith(where) for line in before.lines) == 3
    require_whole(target, image)


@pytest.mark.parametrize("where", ["POST", "PATCH", "PUT", "HEAD"])
def test_a_registry_that_fails_or_limits_us_heals(
    workspace: Workspace, target: RealRegistry, proxy: Proxy, image: Manifest, where: str
) -> None:
    """Whatever was asked, a 500 and a 429 with Retry-After are waited out."""
    proxy.mischief = [
        Mischief(where, (500, {}, b"")),
        Mischief(where, (429, {"Retry-After": "1"}, b"")),
    ]
    started = time.monotonic()

    mirror.mirror(workspace)

    assert time.monotonic() - started >= 1
    require_whole(target, image)


def test_a_registry_that_wants_an_hour_is_left_alone(
    workspace: Workspace, target: RealRegistry, proxy: Proxy, image: Manifest
) -> None:
    """Nothing is asked for a second time before that, and the error says how long."""
    proxy.mischief = [Mischief("HEAD", (429, {"Retry-After": "3600"}, b"")) for _ in range(20)]

    with pytest.raises(RegistryRateLimitedError) as caught:
        mirror.mirror(workspace)

    assert "3600 s" in caught.value.next_step
    assert sorted(set(proxy.lines)) == sorted(proxy.lines)
    require_no_tag(target)
    proxy.mischief = []
    mirror.mirror(workspace)
    require_whole(target, image)


@pytest.mark.parametrize(
    "change",
    [lambda body: body[:-40], lambda body: body.replace(b"2", b"3", 1)],
    ids=["truncated", "another"],
)
def test_a_manifest_that_is_not_itself_is_refused(
    tmp_path: Path, origin: RealRegistry, target: RealRegistry, image: Manifest, change: object
) -> None:
    """Bytes that do not have the digest end in its error; nothing is copied from them."""
    assert callable(change)
    with proxied(origin) as before:
        workspace = workspace_of(tmp_path, before.host, target.host)
        child = oci.children(image)[0].digest
        before.mischief = [Mischief(f"manifests/{child}", change=change)]

        with pytest.raises(DigestMismatchError):
            mirror.mirror(workspace)

        require_no_tag(target)
        mirror.mirror(workspace)
    require_whole(target, image)


def test_a_blob_that_is_not_itself_is_refused(
    tmp_path: Path, origin: RealRegistry, target: RealRegistry, image: Manifest
) -> None:
    """A wrong byte in a layer is noticed before anything names it."""
    with proxied(origin) as before:
        workspace = workspace_of(tmp_path, before.host, target.host)
        layer = oci.layers(held(origin).manifest(oci.children(image)[0].digest))[1]
        where = f"GET /v2/{NAME}/blobs/{layer.digest}"
        before.mischief = [Mischief(where, change=lambda body: body[:-1] + b"?")]

        with pytest.raises(DigestMismatchError):
            mirror.mirror(workspace)

        require_no_tag(target)
        assert not held(target).has_blob(layer.digest)
        mirror.mirror(workspace)
    require_whole(target, image)


def test_a_registry_that_restarts_heals(
    workspace: Workspace, origin: RealRegistry, target: RealRegistry, proxy: Proxy, image: Manifest
) -> None:
    """It is stopped as by a crash before the second chunk and is back a second later."""

    def restart() -> None:
        target.stop()
        threading.Timer(1, target.start).start()

    proxy.mischief = [
        Mischief("PATCH", first=lambda: proxy.mischief.append(Mischief("PATCH", first=restart)))
    ]

    mirror.mirror(workspace)

    require_whole(target, image)
    # What was whole before the crash was not sent again.
    assert proxy.uploaded <= sizes(origin, image) + CHUNK + 2 * SMALL


@pytest.mark.machine
def test_a_full_disk_is_told_and_gone_on_with(
    tmp_path: Path, program: Path, origin: RealRegistry, image: Manifest
) -> None:
    """The large layer does not fit: no tag; with more room only what is missing is sent."""
    room = tmp_path / "target" / "storage"
    room.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "towpath", str(room)], check=True)
    target = RealRegistry(program, tmp_path / "target")
    try:
        target.start()
        with proxied(target) as proxy:
            workspace = workspace_of(tmp_path, origin.host, proxy.host)
            with pytest.raises(RegistryFailingError):
                mirror.mirror(workspace)
            require_no_tag(target)
            client = held(target)
            layers = oci.layers(held(origin).manifest(oci.children(image)[0].digest))
            there = sum(row.size for row in layers if client.has_blob(row.digest))
            subprocess.run(["mount", "-o", "remount,size=200m", str(room)], check=True)
            proxy.uploaded = 0

            mirror.mirror(workspace)

            require_whole(target, image)
            assert proxy.uploaded <= sizes(origin, image) - there
    finally:
        target.stop()
        subprocess.run(["umount", str(room)], check=True)
