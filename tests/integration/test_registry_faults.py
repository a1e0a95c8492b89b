"""A real registry behind a proxy that misbehaves: it heals, or ends in its own error.

No tag moves then, and the next call finishes without sending again what arrived.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes import QuietTerminal, TableRunner
from tests.misbehaving import Mischief, Proxy, RealRegistry, proxied
from tests.registry_server import NAME, push_image
from tests.releases import labels
from towpath import config
from towpath.clients.registry import RegistryClient
from towpath.clients.registry.uploads import CHUNK
from towpath.engine.layout import layout
from towpath.errors import (
    DigestMismatchError,
    RegistryError,
    RegistryFailingError,
    RegistryNetworkError,
    RegistryNotFoundError,
    RegistryRateLimitedError,
    RegistryUnauthorizedError,
)
from towpath.flows import mirror
from towpath.flows.session import Session
from towpath.images import Repository
from towpath.readers import oci
from towpath.readers.oci import Manifest
from towpath.tasks.entry import session as new_session

pytestmark = [pytest.mark.integration, pytest.mark.engine]

ROOT = Path(__file__).resolve().parents[2]
BIG = 2 * CHUNK + 4_000_000  # bytes: two whole chunks and a last one
SMALL = 300_000
UPLOAD = "/blobs/uploads/"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the registry's program: the embedded engine's, else the official image's."""
    tools = new_session(engine=True)
    roots = sorted(layout(tools.config.env).state.glob("root-*/usr/bin/docker-registry"))
    if roots:
        return roots[-1]
    if found := shutil.which("docker-registry"):
        return Path(found)
    goal = tmp_path_factory.mktemp("program") / "registry"
    made = tools.runner.run(["docker", "create", "registry:2"]).stdout.strip()
    tools.runner.run(["docker", "cp", f"{made}:/bin/registry", str(goal)])
    tools.runner.run(["docker", "rm", made])
    return goal


@pytest.fixture(scope="module")
def origin(program: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealRegistry]:
    """The first registry, which behaves; its image is made once."""
    registry = RealRegistry(program, tmp_path_factory.mktemp("origin"))
    registry.start()
    yield registry
    registry.stop()


@pytest.fixture(scope="module")
def image(origin: RealRegistry) -> Manifest:
    """An image of two platforms, one large and two small layers, and an artifact that hangs on it.

    The bytes are random, and the same each time.
    """
    client = RegistryClient(Repository(origin.host, NAME), env={})
    dice = random.Random(1)
    index = push_image(
        client,
        labels(),
        layer=dice.randbytes(BIG),
        tag="built",
        more=(dice.randbytes(SMALL), dice.randbytes(SMALL)),
    )
    client.put_blob(oci.EMPTY, oci.EMPTY_TYPE)
    blob = client.put_blob(b"evidence", "text/plain")
    client.attach(index.digest, oci.artifact("application/x", index.descriptor, [blob], {}))
    return index


@pytest.fixture
def target(program: Path, tmp_path: Path) -> Iterator[RealRegistry]:
    """A second registry, empty, for one test."""
    registry = RealRegistry(program, tmp_path / "target")
    registry.start()
    yield registry
    registry.stop()


@pytest.fixture
def proxy(target: RealRegistry) -> Iterator[Proxy]:
    """The proxy before the second registry."""
    with proxied(target) as found:
        yield found


@pytest.fixture
def session(tmp_path: Path, origin: RealRegistry, image: Manifest, proxy: Proxy) -> Session:
    """A project with both registries, the second one behind the proxy."""
    return session_of(tmp_path, origin.host, proxy.host)


def session_of(root: Path, first: str, second: str) -> Session:
    """Return a session of a project with these two registries."""
    table = {"repository": NAME, "registry": first, "registries": [second]}
    env = {"TOWPATH_STATE": str(root / "state")}
    return Session(config.parse(table, root, env), TableRunner(), QuietTerminal())


def held(registry: RealRegistry) -> RegistryClient:
    """Return a client that goes past the proxy."""
    return RegistryClient(Repository(registry.host, NAME), env={})


def sizes(origin: RealRegistry, image: Manifest) -> int:
    """Return how many bytes all blobs of the image and its artifact have together."""
    client = held(origin)
    manifests = [client.manifest(row.digest) for row in oci.children(image)]
    manifests += [client.manifest(row.digest) for row in client.referrers(image.digest)]
    rows = {
        row.digest: row.size
        for manifest in manifests
        for row in (oci.config_of(manifest), *oci.layers(manifest))
    }
    return sum(rows.values())


def require_whole(target: RealRegistry, image: Manifest) -> None:
    """Assert that the second registry has every part, and the tag."""
    client = held(target)
    assert client.resolve("built") == image.digest
    for child in oci.children(image):
        manifest = client.manifest(child.digest)
        assert all(client.has_blob(row.digest) for row in oci.layers(manifest))
        assert client.blob(oci.config_of(manifest).digest)
    assert len(client.referrers(image.digest, "application/x")) == 1


def require_no_tag(target: RealRegistry) -> None:
    """Assert that the second registry shows nobody the image."""
    assert "built" not in held(target).tags()


def test_what_is_whole_is_sent_once(
    session: Session, origin: RealRegistry, target: RealRegistry, proxy: Proxy, image: Manifest
) -> None:
    """A mirror sends every byte once; the next one sends none."""
    mirror.mirror(session)

    require_whole(target, image)
    assert proxy.uploaded == sizes(origin, image)

    again = mirror.mirror(session)

    assert proxy.uploaded == sizes(origin, image)
    assert [(row.sent, row.bytes_sent) for row in again.arrived] == [(0, 0)]


def test_a_line_that_breaks_in_a_blob_heals(
    session: Session, origin: RealRegistry, target: RealRegistry, proxy: Proxy, image: Manifest
) -> None:
    """One cut in the middle of the second chunk costs that blob's start, and no other blob."""
    proxy.mischief = [Mischief(f"PUT /v2/{NAME}{UPLOAD}", cut_request=1000)]
    proxy.mischief += [
        Mischief("PATCH", first=lambda: proxy.mischief.append(Mischief("PATCH", cut_request=9)))
    ]

    mirror.mirror(session)

    require_whole(target, image)
    assert proxy.uploaded <= sizes(origin, image) + CHUNK


def test_a_line_that_stays_broken_ends_in_its_error(
    session: Session, origin: RealRegistry, target: RealRegistry, proxy: Proxy, image: Manifest
) -> None:
    """No tag moves, and the next call sends only what did not arrive: chunks count too."""
    # The first chunk of the large layer arrives, every further one is lost on the way.
    proxy.mischief = [Mischief("PATCH", first=lambda: lose(proxy))]

    with pytest.raises(RegistryNetworkError):
        mirror.mirror(session)

    require_no_tag(target)
    arrived = proxy.uploaded
    assert arrived >= CHUNK
    proxy.mischief = []

    mirror.mirror(session)

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
        session = session_of(tmp_path, before.host, target.host)
        layer = oci.layers(held(origin).manifest(oci.children(image)[0].digest))[0]
        where = f"GET /v2/{NAME}/blobs/{layer.digest}"
        before.mischief = [Mischief(where, cut_answer=CHUNK + 5), Mischief(where, cut_answer=7)]

        mirror.mirror(session)

        assert sum(line.startswith(where) for line in before.lines) == 3
    require_whole(target, image)


@pytest.mark.parametrize("where", ["POST", "PATCH", "PUT", "HEAD"])
def test_a_registry_that_fails_or_limits_us_heals(
    session: Session, target: RealRegistry, proxy: Proxy, image: Manifest, where: str
) -> None:
    """Whatever was asked, a 500 and a 429 with Retry-After are waited out."""
    proxy.mischief = [
        Mischief(where, (500, {}, b"")),
        Mischief(where, (429, {"Retry-After": "1"}, b"")),
    ]
    started = time.monotonic()

    mirror.mirror(session)

    assert time.monotonic() - started >= 1
    require_whole(target, image)


def test_a_registry_that_wants_an_hour_is_left_alone(
    session: Session, target: RealRegistry, proxy: Proxy, image: Manifest
) -> None:
    """Nothing is asked for a second time before that, and the error says how long."""
    proxy.mischief = [Mischief("HEAD", (429, {"Retry-After": "3600"}, b"")) for _ in range(20)]

    with pytest.raises(RegistryRateLimitedError) as caught:
        mirror.mirror(session)

    assert "3600 s" in caught.value.next_step
    assert sorted(set(proxy.lines)) == sorted(proxy.lines)
    require_no_tag(target)
    proxy.mischief = []
    mirror.mirror(session)
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
        session = session_of(tmp_path, before.host, target.host)
        child = oci.children(image)[0].digest
        before.mischief = [Mischief(f"manifests/{child}", change=change)]

        with pytest.raises(DigestMismatchError):
            mirror.mirror(session)

        require_no_tag(target)
        mirror.mirror(session)
    require_whole(target, image)


def test_a_blob_that_is_not_itself_is_refused(
    tmp_path: Path, origin: RealRegistry, target: RealRegistry, image: Manifest
) -> None:
    """A wrong byte in a layer is noticed before anything names it."""
    with proxied(origin) as before:
        session = session_of(tmp_path, before.host, target.host)
        layer = oci.layers(held(origin).manifest(oci.children(image)[0].digest))[1]
        where = f"GET /v2/{NAME}/blobs/{layer.digest}"
        before.mischief = [Mischief(where, change=lambda body: body[:-1] + b"?")]

        with pytest.raises(DigestMismatchError):
            mirror.mirror(session)

        require_no_tag(target)
        assert not held(target).has_blob(layer.digest)
        mirror.mirror(session)
    require_whole(target, image)


def test_a_registry_that_restarts_heals(
    session: Session, origin: RealRegistry, target: RealRegistry, proxy: Proxy, image: Manifest
) -> None:
    """It is stopped as by a crash before the second chunk and is back a second later."""

    def restart() -> None:
        target.stop()
        threading.Timer(1, target.start).start()

    proxy.mischief = [
        Mischief("PATCH", first=lambda: proxy.mischief.append(Mischief("PATCH", first=restart)))
    ]

    mirror.mirror(session)

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
            session = session_of(tmp_path, origin.host, proxy.host)
            with pytest.raises(RegistryFailingError):
                mirror.mirror(session)
            require_no_tag(target)
            client = held(target)
            layers = oci.layers(held(origin).manifest(oci.children(image)[0].digest))
            there = sum(row.size for row in layers if client.has_blob(row.digest))
            subprocess.run(["mount", "-o", "remount,size=200m", str(room)], check=True)
            proxy.uploaded = 0

            mirror.mirror(session)

            require_whole(target, image)
            assert proxy.uploaded <= sizes(origin, image) - there
    finally:
        target.stop()
        subprocess.run(["umount", str(room)], check=True)


def test_a_token_that_ends_halfway_is_renewed(
    session: Session, origin: RealRegistry, target: RealRegistry, proxy: Proxy, image: Manifest
) -> None:
    """A token good for ten requests is fetched again, and no chunk is lost."""
    proxy.token_lasts = 10

    mirror.mirror(session)

    require_whole(target, image)
    assert proxy.tokens >= 3
    assert proxy.uploaded == sizes(origin, image)


def test_tokens_that_are_not_accepted_end_it(
    session: Session, target: RealRegistry, proxy: Proxy, image: Manifest
) -> None:
    """A login that is refused for good is an error of its own, and moves nothing."""
    proxy.mischief = [Mischief("", (403, {}, b"")) for _ in range(99)]

    with pytest.raises(RegistryUnauthorizedError):
        mirror.mirror(session)

    require_no_tag(target)
    proxy.mischief = []
    mirror.mirror(session)
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
    session: Session,
    target: RealRegistry,
    proxy: Proxy,
    image: Manifest,
    where: str,
    error: type[RegistryError],
) -> None:
    """201 with nothing stored: what is not there afterwards was not pushed."""
    proxy.mischief = [Mischief(where, (201, {}, b""))]

    with pytest.raises(error):
        mirror.mirror(session)

    require_no_tag(target)
    mirror.mirror(session)
    require_whole(target, image)


def test_a_tag_moves_in_no_registry_if_one_refuses(
    session: Session, origin: RealRegistry, target: RealRegistry, proxy: Proxy, image: Manifest
) -> None:
    """What had moved before is put back to what it named."""
    mirror.mirror(session)
    first = held(origin)
    other = push_image(first, labels(), layer=b"other", tag="other")
    first.put_manifest("stage", image)
    mirror.mirror(session, image.digest, "stage")
    with proxied(origin) as before:
        refusing = session_of(session.config.root, before.host, proxy.host)
        before.mischief = [
            Mischief(f"PUT /v2/{NAME}/manifests/stage", (403, {}, b"")) for _ in range(9)
        ]

        with pytest.raises(RegistryUnauthorizedError):
            mirror.mirror(refusing, other.digest, "stage")

    assert first.resolve("stage") == image.digest
    assert held(target).resolve("stage") == image.digest


def test_a_mirror_that_is_killed_is_finished_by_the_next(
    session: Session, origin: RealRegistry, target: RealRegistry, proxy: Proxy, image: Manifest
) -> None:
    """The process dies in the middle of the large layer; what arrived of it is not sent again."""
    (session.config.root / "pyproject.toml").write_text(
        f"[tool.towpath]\nname = 'app'\nrepository = '{NAME}'\n"
        f"registry = '{origin.host}'\nregistries = ['{proxy.host}']\n"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT), **session.config.env}
    shutil.copyfile(ROOT / "tasks.py", session.config.root / "tasks.py")
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
        cwd=session.config.root,
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

    mirror.mirror(session)

    require_whole(target, image)
    assert proxy.uploaded == sizes(origin, image)
