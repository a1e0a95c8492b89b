"""The build cache: when it is used, what it is called, what it holds, and how it goes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fakes import QuietTerminal
from tests.registry_server import Store, push_image
from tests.releases import labels, workspace_at
from towpath.config.workspace import Workspace
from towpath.core.errors import ConfigurationError
from towpath.images import cache
from towpath.registry import oci_reader as oci
from towpath.registry.oci_reader import Manifest

pytestmark = pytest.mark.door


@pytest.fixture
def workspace(tmp_path: Path, store: Store) -> Workspace:
    """A project whose registry is the store."""
    return workspace_at(tmp_path, store)


def put(store: Store, target: str, branch: str, size: int) -> str:
    """Push a cache as BuildKit does and return its digest."""
    client = store.client()
    made = {"records": [{"results": [{"createdAt": "2026-01-02T03:04:05.678901234Z"}]}]}
    config = client.put_blob(json.dumps(made).encode(), "application/vnd.buildkit.cacheconfig.v0")
    layer = client.put_blob(b"x" * size, "application/vnd.oci.image.layer.v1.tar+gzip")
    body = {"schemaVersion": 2, "mediaType": oci.MANIFEST, "config": config.as_json()}
    manifest = Manifest(oci.MANIFEST, json.dumps({**body, "layers": [layer.as_json()]}).encode())
    client.put_manifest(cache.tag(target, branch), manifest)
    return manifest.digest


def trusting(workspace: Workspace, word: str = "always") -> Workspace:
    """Let a project trust the caches of a registry without a login."""
    image = replace(workspace.config.image, registry_cache=word)
    return replace(workspace, config=replace(workspace.config, image=image))


@pytest.mark.parametrize(
    ("env", "registry", "used"),
    [
        ({}, "registry.example.com", False),
        ({"CI": "true"}, "registry.example.com", True),
        ({"CI": "true"}, "localhost:5000", False),
        ({"TOWPATH_CACHE": "registry"}, "localhost:5000", True),
        ({"CI": "true", "TOWPATH_CACHE": "none"}, "registry.example.com", False),
    ],
)
def test_when_it_is_used(
    tmp_path: Path, store: Store, env: dict[str, str], registry: str, used: bool
) -> None:
    """In CI with a registry that outlives the job, or when it is asked for."""
    made = workspace_at(tmp_path, store, **env)
    made = replace(made, config=replace(made.config, registry=registry))

    assert cache.is_used(made) is used
    assert bool(cache.options(made, "production", "main")[1]) is used


def test_another_word_is_refused(tmp_path: Path, store: Store) -> None:
    """A typing mistake is no choice."""
    with pytest.raises(ConfigurationError, match="Invalid value for TOWPATH_CACHE: 'yes'"):
        cache.is_used(workspace_at(tmp_path, store, TOWPATH_CACHE="yes"))


def test_a_branch_reads_its_own_and_mains_and_writes_its_own(tmp_path: Path, store: Store) -> None:
    """Every step is kept, and a registry that fails fails no build."""
    made = trusting(workspace_at(tmp_path, store, TOWPATH_CACHE="registry"))
    for branch in ("next", "main"):
        put(store, "production", branch, 10)
    place = f"type=registry,ref={store.repository}:cache-production"

    read, written = cache.options(made, "production", "next")

    assert read == (f"{place}-next", f"{place}-main")
    assert written[0].startswith(f"{place}-next,mode=max,")
    assert written[0].endswith("ignore-error=true")
    assert len(cache.options(made, "production", "main")[0]) == 1
    assert cache.options(made, "production", "") == ((f"{place}-main",), ())


def test_a_cache_that_is_not_there_is_not_read(tmp_path: Path, store: Store) -> None:
    """The first build of a branch begins with main's."""
    made = trusting(workspace_at(tmp_path, store, TOWPATH_CACHE="registry"))
    put(store, "production", "main", 10)

    read, written = cache.options(made, "production", "next")

    assert read == (f"type=registry,ref={store.repository}:cache-production-main",)
    assert written[0].startswith(f"type=registry,ref={store.repository}:cache-production-next,")


def test_a_cache_that_anybody_may_write_is_not_read(tmp_path: Path, store: Store) -> None:
    """A layer of it would go into the image unseen; the warning names the way out."""
    made = workspace_at(tmp_path, store, TOWPATH_CACHE="registry")
    put(store, "production", "main", 10)

    read, written = cache.options(made, "production", "main")

    assert read == ()
    assert len(written) == 1
    assert isinstance(made.terminal, QuietTerminal)
    said = " ".join(made.terminal.said.split())
    assert f"Not using the build cache {store.repository}:cache-production-main" in said
    assert "registry-cache in [tool.towpath.image]" in said


def test_a_cache_behind_a_login_is_read(tmp_path: Path, store: Store) -> None:
    """Whoever may write there has the password."""
    put(store, "production", "main", 10)
    store.token = "t0ken"
    (tmp_path / "config.json").write_text(json.dumps({"auths": {store.host: {"auth": "dTpw"}}}))
    made = workspace_at(tmp_path, store, TOWPATH_CACHE="registry", DOCKER_CONFIG=str(tmp_path))

    assert len(cache.options(made, "production", "main")[0]) == 1


def test_never_neither_reads_nor_writes(tmp_path: Path, store: Store) -> None:
    """As for wheels."""
    made = trusting(workspace_at(tmp_path, store, TOWPATH_CACHE="registry"), "never")
    put(store, "production", "main", 10)

    assert cache.options(made, "production", "main") == ((), ())


def test_branches_that_look_alike_have_caches_of_their_own() -> None:
    """What a tag cannot hold is replaced, and the hash tells them apart; none is too long."""
    names = ["feature/x", "feature-x", "feature+x", "f" * 300, "f" * 301]
    tags = [cache.tag("production", name) for name in names]

    assert len(set(tags)) == len(names)
    assert tags[1] == "cache-production-feature-x"
    assert max(len(tag) for tag in tags) <= 128


def test_what_there_is_is_shown(workspace: Workspace, store: Store) -> None:
    """Tag, target, branch, size and age; images are none of it."""
    put(store, "production", "main", 3_000_000)
    put(store, "testing", "feature/x", 1_000_000)
    push_image(store.client(), labels(), tag="built")

    rows = cache.list_caches(store.client())
    cache.cache(workspace)

    assert [(row.target, row.size) for row in rows] == [
        ("production", 3_000_000),
        ("testing", 1_000_000),
    ]
    assert rows[0].made == "2026-01-02T03:04:05Z"
    assert isinstance(workspace.terminal, QuietTerminal)
    assert "2 caches, 4.0 MB" in workspace.terminal.said


def test_it_is_cleared_with_yes_only(workspace: Workspace, store: Store) -> None:
    """And of one branch only, if one is named; images stay."""
    main, other = put(store, "production", "main", 10), put(store, "production", "a/b", 20)
    image = push_image(store.client(), labels(), tag="built").digest

    cache.cache(workspace, clear=True)
    assert {main, other} < set(store.manifests)

    cache.cache(workspace, clear=True, branch="a/b", sure=True)
    assert main in store.manifests
    assert other not in store.manifests

    cache.cache(workspace, clear=True, sure=True)
    assert main not in store.manifests
    assert image in store.manifests


def test_a_cache_that_another_branch_shares_stays(workspace: Workspace, store: Store) -> None:
    """Its digest is both tags': deleting it would take both."""
    shared = put(store, "production", "main", 10)
    assert put(store, "production", "next", 10) == shared

    cache.cache(workspace, clear=True, branch="next", sure=True)

    assert shared in store.manifests
