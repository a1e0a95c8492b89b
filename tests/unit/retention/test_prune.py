"""What is deleted, what never is, and what is not known."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fakes import QuietTerminal, TableRunner, outcome
from tests.registry_server import NAME, Fault, Store, push_image
from tests.releases import labels, record, workspace_at
from tests.state import DirectoryState
from tests.unit.deployment.world import World
from towpath.config import Environment
from towpath.config.workspace import Workspace
from towpath.core.errors import (
    CommandFailedError,
    ConfigurationError,
    LockedError,
    NothingToJudgeError,
    RegistryError,
    RegistryRefusedError,
)
from towpath.deployment.plan import DeploymentPlan
from towpath.environments import environment as site
from towpath.environments.environment import Site
from towpath.evidence import registry as evidence
from towpath.registry import oci_reader as oci
from towpath.registry import push_lock as guard
from towpath.retention import prune

pytestmark = pytest.mark.door


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """The engine of every environment."""
    found = World()
    monkeypatch.setattr(site, "Engine", lambda env: found)
    state = DirectoryState(tmp_path / "environment")
    monkeypatch.setattr(site.state_container, "open_state", lambda engine, project: state)
    return found


@pytest.fixture
def workspace(tmp_path: Path, store: Store, world: World) -> Workspace:
    """A project with an environment, whose engine has no image of it."""
    made = workspace_at(tmp_path, store, TableRunner({"image ls": ""}))
    environments = {"staging": Environment("staging", 8081)}
    return replace(made, config=replace(made.config, environments=environments))


def push(store: Store, version: str, day: int) -> str:
    """Push an image of one day under its version, and return its digest."""
    made = {**labels(), "org.opencontainers.image.created": f"2026-01-{day:02}T00:00:00Z"}
    layer = f"layer of {version}".encode()
    return push_image(store.client(), made, layer=layer, tag=version).digest


def attach(store: Store, digest: str, text: bytes = b"sbom") -> str:
    """Hang something on a digest and return its own."""
    client = store.client()
    client.put_blob(oci.EMPTY, oci.EMPTY_TYPE)
    blob = client.put_blob(text, "text/plain")
    made = oci.artifact("application/x", client.manifest(digest).descriptor, [blob], {})
    client.attach(digest, made)
    return made.digest


def said(workspace: Workspace) -> str:
    """Return all that was told and written."""
    assert isinstance(workspace.terminal, QuietTerminal)
    return workspace.terminal.said + workspace.terminal.written


def here(workspace: Workspace) -> Site:
    """Return the environment's site."""
    return Site.open(workspace, workspace.config.environment("staging"))


def test_without_yes_nothing_is_deleted(workspace: Workspace, store: Store) -> None:
    """It is shown: what stays with its reason, what goes, and how much that is."""
    push(store, "1.0.0", 1)
    push(store, "1.0.1", 2)
    before = dict(store.manifests)
    store.asked.clear()

    prune.prune(workspace, keep=1)

    assert store.manifests == before
    assert {line.partition(" ")[0] for line in store.asked} == {"GET"}
    assert "one of the last 1" in said(workspace)
    assert "Would delete 1 images (3 manifests" in said(workspace)


@pytest.mark.parametrize("api", [False, True], ids=["fallback tag", "referrers API"])
def test_with_yes_all_of_an_image_goes(workspace: Workspace, store: Store, api: bool) -> None:
    """Index, platforms and what hangs on either; the one that stays is whole."""
    store.referrers = api
    old, new = push(store, "1.0.0", 1), push(store, "1.0.1", 2)
    child = oci.children(store.client().manifest(old))[0].digest
    hanging = [attach(store, old), attach(store, child, b"other"), attach(store, new, b"new")]

    prune.prune(workspace, keep=1, sure=True)

    stays = {new, hanging[2], *(row.digest for row in oci.children(store.client().manifest(new)))}
    fallback = {store.tags[tag] for tag in store.tags if tag == new.replace(":", "-")}
    assert set(store.manifests) == stays | fallback
    assert [row.digest for row in store.client().referrers(new)] == [hanging[2]]


def test_what_an_environment_needs_stays(workspace: Workspace, store: Store, world: World) -> None:
    """What runs, what a rollback brings back, and both ends of an open deployment."""
    digests = [push(store, f"1.0.{number}", number + 1) for number in range(6)]
    place = here(workspace)
    for number in (0, 1):
        entry = {"kind": "deploy", "digest": digests[number], "deployment": str(number)}
        place.history.add_release(entry)
    place.journal.begin(
        DeploymentPlan("x", "deploy", digests[2], "1.0.2", digests[3], "now").as_json()
    )
    world._add("web", {"RELEASE_DIGEST": digests[4], "TOWPATH_VERSION": "", **BLANK})

    found = prune.prune(workspace, keep=0, sure=True)

    assert found.decision.kept == {
        digests[0]: ("rollback target of staging",),
        digests[1]: ("last release of staging",),
        digests[2]: ("unfinished deployment in staging",),
        digests[3]: ("unfinished deployment in staging",),
        digests[4]: ("runs in staging",),
    }
    assert digests[5] not in store.manifests


BLANK = {"TOWPATH_DEPLOYMENT": "", "TOWPATH_IMAGE": ""}


def test_an_image_that_runs_stays_without_a_tag(
    workspace: Workspace, store: Store, world: World
) -> None:
    """No list of the registry names it: its digest is asked for."""
    digest = push(store, "1.0.0", 1)
    push(store, "1.0.0", 2)
    world._add("web", {"RELEASE_DIGEST": digest, "TOWPATH_VERSION": "", **BLANK})
    attach(store, digest)

    found = prune.prune(workspace, keep=0, sure=True)

    assert found.decision.kept[digest] == ("runs in staging",)
    assert {digest, *(row.digest for row in store.client().referrers(digest))} <= set(
        store.manifests
    )


def test_what_another_machine_was_seen_with_stays(workspace: Workspace, store: Store) -> None:
    """Evidence says which two releases an environment somewhere had last."""
    digests = [push(store, f"1.0.{number}", number + 1) for number in range(3)]
    for number, digest in enumerate(digests):
        statement = record(workspace, "verify", digest, minutes=number)
        evidence.push(store.client(), digest, [statement])

    found = prune.prune(workspace, keep=0)

    why = ("was verified in staging",)
    assert found.decision.kept == {digests[1]: why, digests[2]: why}


def test_an_engine_that_does_not_answer_ends_it(
    workspace: Workspace, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What runs is not known then, so that nothing may go."""

    def silent(*_: str) -> None:
        raise CommandFailedError("Docker API call failed: list containers.")

    push(store, "1.0.0", 1)
    monkeypatch.setattr(World, "containers", silent)

    with pytest.raises(
        CommandFailedError, match="Cannot determine which images staging uses"
    ) as caught:
        prune.prune(workspace, keep=0, sure=True)

    assert "Docker API call failed: list containers" in caught.value.why
    assert "1.0.0" in store.tags


@pytest.mark.parametrize("text", ["{", '{"releases": [{}]}', "[]"])
def test_a_history_that_cannot_be_read_ends_it(
    workspace: Workspace, store: Store, text: str
) -> None:
    """Half a history names no release to roll back to."""
    digest = push(store, "1.0.0", 1)
    place = here(workspace)
    place.state.write("releases.json", text.encode())

    with pytest.raises(CommandFailedError, match="Cannot determine"):
        prune.prune(workspace, keep=0, sure=True)

    assert digest in store.manifests


def test_evidence_that_cannot_be_read_ends_it(workspace: Workspace, store: Store) -> None:
    """It might say that another machine runs the image."""
    digest = push(store, "1.0.0", 1)
    evidence.push(store.client(), digest, [record(workspace, "verify", digest)])
    for blob, content in list(store.blobs.items()):
        if b"in-toto" in content:
            spoilt = content.replace(b"in-toto", b"in-tata")
            store.blobs[blob] = spoilt

    with pytest.raises((NothingToJudgeError, RegistryError)):
        prune.prune(workspace, keep=0, sure=True)

    assert digest in store.manifests


def test_a_manifest_that_cannot_be_read_ends_it(workspace: Workspace, store: Store) -> None:
    """What it needs is not known."""
    push(store, "1.0.0", 1)
    digest = oci.sha256(b'{"manifests": 1}')
    store.manifests[digest] = (oci.INDEX, b'{"manifests": 1}')
    store.tags["odd"] = digest

    with pytest.raises(RegistryError, match="Cannot read the manifest"):
        prune.prune(workspace, keep=0, sure=True)

    assert "1.0.0" in store.tags


def test_a_registry_that_deletes_nothing(workspace: Workspace, store: Store) -> None:
    """The error names the setting; everything is still there."""
    digest = push(store, "1.0.0", 1)
    store.faults.append(Fault("DELETE", 405, body=b'{"errors":[{"code":"UNSUPPORTED"}]}'))

    with pytest.raises(RegistryRefusedError) as caught:
        prune.prune(workspace, keep=0, sure=True)

    assert "storage.delete.enabled" in caught.value.next_step
    assert digest in store.manifests
    assert not list((workspace.config.state / "prune").iterdir())


def test_what_a_killed_prune_left_goes_with_the_next(workspace: Workspace, store: Store) -> None:
    """The index is gone and nothing leads to its platforms any more, but for the note."""
    digest = push(store, "1.0.0", 1)
    children = [row.digest for row in oci.children(store.client().manifest(digest))]
    store.faults += [Fault(f"DELETE /v2/{NAME}/manifests/{children[0]}", 403)]
    with pytest.raises(RegistryError):
        prune.prune(workspace, keep=0, sure=True)
    assert set(store.manifests) == set(children)
    store.tags.clear()

    prune.prune(workspace, keep=0, sure=True)

    assert store.manifests == {}
    assert not list((workspace.config.state / "prune").iterdir())


def test_what_came_to_be_needed_since_a_killed_prune_stays(
    workspace: Workspace, store: Store
) -> None:
    """The note says what to look at, never what to delete."""
    digest = push(store, "1.0.0", 1)
    store.faults.append(Fault("DELETE", 403))
    with pytest.raises(RegistryError):
        prune.prune(workspace, keep=0, sure=True)
    store.tags["release"] = digest

    prune.prune(workspace, keep=0, sure=True)

    assert digest in store.manifests


def test_images_of_the_engine_go_unless_they_are_needed(
    tmp_path: Path, workspace: Workspace, store: Store
) -> None:
    """By name and without force; the engine's refusal is told and ends nothing."""
    stays, goes = push(store, "1.0.1", 2), push(store, "1.0.0", 1)
    place = str(workspace.config.images)
    rows = [
        {"Repository": place, "Tag": "building", "Digest": stays, "ID": stays},
        {"Repository": place, "Tag": "<none>", "Digest": goes, "ID": goes},
        {"Repository": place, "Tag": "old", "Digest": "<none>", "ID": "sha256:" + "3" * 64},
    ]
    listed = "\n".join(json.dumps(row) for row in rows)
    runner = TableRunner(
        {"image ls": listed, "image rm " + place + ":old": outcome(code=1), "image rm": "gone"}
    )

    prune.prune(replace(workspace, runner=runner), keep=1, sure=True)

    removals = [line for line in runner.lines if "image rm" in line]
    assert removals == [f"docker image rm {place}@{goes}", f"docker image rm {place}:old"]
    assert f"--filter=reference={place}" in runner.lines[0]
    assert "Deleted 1 of 2 local images" in said(workspace)


def test_nobody_prunes_while_somebody_pushes(workspace: Workspace, store: Store) -> None:
    """Two pushes at once are fine, a prune between them is not."""
    push(store, "1.0.0", 1)

    with guard.pushing(workspace), guard.pushing(workspace):
        with pytest.raises(LockedError, match="is pushing to"):
            prune.prune(workspace, keep=0, sure=True)

    assert "1.0.0" in store.tags
    prune.prune(workspace, keep=0, sure=True)
    assert store.manifests == {}


def test_a_number_below_zero_is_refused(workspace: Workspace) -> None:
    """It is a mistake of the one who types."""
    with pytest.raises(ConfigurationError, match="Invalid value for --keep: -1"):
        prune.prune(workspace, keep=-1)


def test_the_disk_of_another_registry_is_not_ours(workspace: Workspace, store: Store) -> None:
    """It is said who has to free it."""
    push(store, "1.0.0", 1)

    prune.prune(workspace, keep=0, sure=True)

    assert "garbage collection of this registry" in said(workspace)
