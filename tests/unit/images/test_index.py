"""What several machines pushed becomes one index, and only what they were to build."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tests.registry_server import Store, push_image
from tests.releases import workspace_at
from tests.unit.images.machines import HERE, Engine, Machines
from towpath.config import builders as nodes
from towpath.config.workspace import Workspace
from towpath.core.errors import CommandFailedError, ConfigurationError, RegistryError
from towpath.images import bake
from towpath.images import index as join
from towpath.images.bake import Order
from towpath.images.builder import Builder, here
from towpath.registry import oci_reader as oci

pytestmark = pytest.mark.door

BOTH = ("linux/amd64", "linux/arm64")
FAR = "ssh://me@far"
NEAR_PLACE, FAR_PLACE = Builder("docker", BOTH[:1]), Builder(FAR, BOTH[1:])


def pushed(store: Store, platform: str, label: str = "x") -> str:
    """Push one platform, as one machine does; return the digest of its manifest."""
    index = push_image(store.client(), {"a": label}, (platform,), tag=f"part-{platform[-5:]}")
    return oci.entries(index)[0].digest


def test_manifests_are_joined_in_the_order_of_the_platforms(tmp_path: Path, store: Store) -> None:
    """Whoever pushed first; the parts are those that were pushed, and the index says the labels."""
    workspace = workspace_at(tmp_path, store)
    near, far = (pushed(store, platform) for platform in BOTH)
    parts = [(FAR_PLACE, far), (NEAR_PLACE, near)]

    digest = join.join(workspace, "building-x", parts, BOTH, {"org.b": "2", "org.a": "1"})

    index = store.client().manifest("building-x")
    assert index.digest == digest
    assert [(row.platform, row.digest) for row in oci.entries(index)] == list(
        zip(BOTH, (near, far))
    )
    assert index.document["annotations"] == {"org.a": "1", "org.b": "2"}


def test_an_index_of_one_machine_is_opened(tmp_path: Path, store: Store) -> None:
    """One that builds several platforms pushes an index of them."""
    workspace = workspace_at(tmp_path, store)
    whole = push_image(store.client(), {}, BOTH)

    digest = join.join(workspace, "t", [(Builder("docker", BOTH), whole.digest)], BOTH, {})

    rows = oci.entries(store.client().manifest(digest))
    assert [row.digest for row in rows] == [row.digest for row in oci.entries(whole)]


def test_another_platform_than_ordered_is_refused(tmp_path: Path, store: Store) -> None:
    """The machine is named, and nothing is put under the tag."""
    workspace = workspace_at(tmp_path, store)
    near = pushed(store, BOTH[0])

    with pytest.raises(RegistryError) as caught:
        join.join(workspace, "t", [(NEAR_PLACE, near), (FAR_PLACE, near)], BOTH, {})

    assert caught.value.what == f"{FAR} did not build linux/arm64."
    assert "t" not in store.client().tags()


def test_a_push_that_went_elsewhere_is_told(tmp_path: Path, store: Store) -> None:
    """A loopback registry is another one on another machine."""
    workspace = workspace_at(tmp_path, store)
    lost = f"sha256:{'1' * 64}"

    with pytest.raises(RegistryError) as caught:
        join.join(workspace, "t", [(FAR_PLACE, lost)], BOTH[1:], {})

    assert f"The image for linux/arm64 that {FAR} built is not in" in caught.value.what
    assert f"There, {store.host} is another machine." in caught.value.why


def of_both(root: Path, store: Store, machines: Machines) -> Workspace:
    """Return a session in which another machine builds linux/arm64, and a Dockerfile."""
    (root / "Dockerfile").write_text("FROM python:3.13-slim AS production\n")
    workspace = workspace_at(root, store)
    found = nodes.read_builders({"arm64": FAR}, "x")
    object.__setattr__(workspace.config, "builders", found)
    return Workspace(workspace.config, machines, workspace.terminal)


ORDER = Order(("production",), BOTH, {}, {"org.opencontainers.image.version": "1"}, branch="main")


def test_each_machine_solves_its_own_platform(tmp_path: Path, store: Store) -> None:
    """Target and base of each go to where they belong, and become one index each."""
    asked: list[tuple[str, str, tuple[str, ...]]] = []

    def push(place: str, name: str, platforms: list[str]) -> str:
        asked.append((place, name, tuple(platforms)))
        return pushed(store, platforms[0], label=name)

    machines = Machines({HERE: Engine("x86_64"), FAR: Engine()}, push)

    solved = bake.solve(of_both(tmp_path, store, machines), ORDER)

    assert sorted(asked) == [
        *((HERE, name, BOTH[:1]) for name in ("base-0", "production")),
        *((FAR, name, BOTH[1:]) for name in ("base-0", "production")),
    ]
    assert solved.builder == f"docker, {FAR}"
    index = store.client().manifest(solved.digests["production"])
    assert [row.platform for row in oci.entries(index)] == list(BOTH)
    assert index.document["annotations"] == {"org.opencontainers.image.version": "1"}
    base = store.client().manifest(solved.bases["production"][1])
    assert [row.platform for row in oci.entries(base)] == list(BOTH)
    assert "annotations" not in base.document
    assert list((tmp_path / "reports" / "build").iterdir()) == []


def test_machines_work_at_the_same_time(tmp_path: Path, store: Store) -> None:
    """Each waits here until the other has begun."""
    meeting = threading.Barrier(2, timeout=20)

    def push(_place: str, name: str, platforms: list[str]) -> str:
        if name == "production":
            meeting.wait()
        return pushed(store, platforms[0], label=name)

    machines = Machines({HERE: Engine("x86_64"), FAR: Engine()}, push)

    assert bake.solve(of_both(tmp_path, store, machines), ORDER).digests.keys() == {"production"}
    assert not meeting.broken


def test_a_part_has_its_own_tag_and_cache_and_no_annotations(tmp_path: Path, store: Store) -> None:
    """So no machine takes the place of another's, and its manifest is that of one solve."""
    workspace = of_both(tmp_path, store, Machines({}))
    workspace.config.env["TOWPATH_CACHE"] = "registry"  # type: ignore[index]

    (target,) = bake.targets(workspace, ORDER, {}, "-arm64").values()

    assert target.name.endswith(":building-production-arm64")
    assert not target.annotated
    assert [row.partition(",")[0] for row in target.cache_to] == ["type=registry"]
    assert ":cache-production_arm64-main," in target.cache_to[0]
    assert target.cache_from == ()


def test_a_build_that_fails_elsewhere_names_the_machine(tmp_path: Path, store: Store) -> None:
    """And what the machine may not reach."""

    def push(place: str, name: str, platforms: list[str]) -> str:
        if place == FAR:
            raise CommandFailedError("docker failed (exit code 1).", why="no such host")
        return pushed(store, platforms[0], label=name)

    machines = Machines({HERE: Engine("x86_64"), FAR: Engine()}, push)

    with pytest.raises(CommandFailedError) as caught:
        bake.solve(of_both(tmp_path, store, machines), ORDER)

    assert (
        caught.value.what == f"Build of linux/arm64 failed on {FAR}: docker failed (exit code 1)."
    )
    assert caught.value.why == "no such host"
    assert "is a different registry" in caught.value.next_step


def test_what_stays_in_the_engine_is_built_here(tmp_path: Path, store: Store) -> None:
    """An image without a push is of use on this machine only."""
    asked: list[str] = []

    def push(place: str, _name: str, _platforms: list[str]) -> str:
        asked.append(place)
        return ""

    machines = Machines({HERE: Engine("x86_64"), FAR: Engine()}, push)

    name = bake.build_locally(of_both(tmp_path, store, machines), ORDER, "production")

    assert name.endswith(":production")
    assert asked == [HERE]
    assert here(of_both(tmp_path, store, machines), BOTH).platforms == BOTH


def test_an_engine_without_image_store_keeps_one_platform(tmp_path: Path, store: Store) -> None:
    """More are refused before anything is built, with a way out."""
    machines = Machines({HERE: Engine("x86_64", store=False)})

    with pytest.raises(ConfigurationError) as caught:
        bake.build_locally(of_both(tmp_path, store, machines), ORDER, "production")

    assert caught.value.lines() == [
        "This Docker engine can store an image for one platform only, and 2 were asked for.",
        "why: It does not use the containerd image store.",
        "next: Choose one platform with --platforms, or push the image: leave out --no-push.",
    ]
    assert not any("bake" in line for line in machines.lines)
