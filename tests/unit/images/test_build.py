"""A build counts when the registry holds every platform of it; then, and last, its tags move."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fakes import Answer, QuietTerminal, TableRunner, outcome
from tests.layers import AMD64, layer, program
from tests.registry_server import Store, push_image
from tests.releases import SOURCE, START, labels, workspace_at
from tests.unit.images.baking import BOTH, STORE, builder, git, pushing, session_with
from tests.unit.images.wheels.wheelwright import Machine
from towpath.core.errors import (
    CommandFailedError,
    ConfigurationError,
    NothingToJudgeError,
    RegistryError,
    RegistryNetworkError,
)
from towpath.core.runner import Outcome
from towpath.evidence import provenance
from towpath.evidence import record as stages
from towpath.images import build, origin
from towpath.images.wheels import provide as wheels
from towpath.images.wheels.record_reader import Wheel
from towpath.registry import attachments as attached
from towpath.registry import oci_reader as oci
from towpath.registry.oci_reader import Manifest

pytestmark = pytest.mark.door


def test_what_was_pushed_is_read_back_and_named(store: Store, tmp_path: Path) -> None:
    """Digest, platforms and sizes are the registry's; version and `built` point at the digest."""
    workspace = session_with(tmp_path, store, pushing(store))

    built = build.build(workspace, SOURCE, platforms=BOTH)

    assert built.digest == store.tags["arrived"]
    assert built.platforms == BOTH
    assert store.tags["built"] == store.tags["0.0.0-gccccccc"] == built.digest
    assert built.tags == ("0.0.0-gccccccc", "built")
    assert built.image_size == max(built.sizes.values()) > 5
    assert list((tmp_path / "reports" / "build").iterdir()) == []


def test_the_statement_binds_source_and_digest(store: Store, tmp_path: Path) -> None:
    """Commit, tree and digest are facts of one passed statement about the digest."""
    workspace = session_with(tmp_path, store, pushing(store))
    built = build.build(workspace, SOURCE, platforms=BOTH)

    statement = build.record(workspace, SOURCE, built, BOTH, started=START)

    stages.raise_for(statement)
    assert statement.subject.digest == {"sha256": built.digest.removeprefix("sha256:")}
    assert statement.facts["commit"] == SOURCE.commit
    assert statement.facts["tree"] == SOURCE.tree
    assert statement.facts["platforms_missing"] == 0
    assert statement.facts["sizes"] == built.sizes


def test_a_builder_that_pushed_nothing_is_an_error(store: Store, tmp_path: Path) -> None:
    """Exit code 0 with nothing in the registry moves no tag."""
    workspace = session_with(tmp_path, store, lambda: f"sha256:{'0' * 64}")

    with pytest.raises(RegistryError, match="sha256:0+ is not in"):
        build.build(workspace, SOURCE, platforms=BOTH)
    assert store.tags == {}


def test_an_image_without_a_platform_is_an_error(store: Store, tmp_path: Path) -> None:
    """One platform of two is not what was asked for."""
    workspace = session_with(
        tmp_path,
        store,
        pushing(store, platforms=("linux/amd64",)),
    )

    with pytest.raises(RegistryError, match="has no image for linux/arm64"):
        build.build(workspace, SOURCE, platforms=BOTH)
    assert "built" not in store.tags


def test_a_layer_that_did_not_arrive_is_an_error(store: Store, tmp_path: Path) -> None:
    """Manifests alone are no image: every blob has to be there."""

    def push() -> str:
        digest = pushing(store)()
        (lost,) = (name for name, blob in store.blobs.items() if blob == layer())
        del store.blobs[lost]
        return digest

    workspace = session_with(tmp_path, store, push)

    with pytest.raises(RegistryError) as caught:
        build.build(workspace, SOURCE, platforms=BOTH)
    assert "does not have the layer" in caught.value.why


def test_a_child_of_another_platform_is_nothing_to_judge(store: Store, tmp_path: Path) -> None:
    """An index that lists amd64 as arm64 is not believed."""

    def push() -> str:
        index = push_image(store.client(), labels(), layer=layer())
        rows = index.document["manifests"]
        rows[0]["platform"], rows[1]["platform"] = rows[1]["platform"], rows[0]["platform"]
        body = json.dumps({**index.document, "manifests": rows}).encode()
        wrong = Manifest(index.media_type, body)
        store.client().put_manifest("arrived", wrong)
        return wrong.digest

    workspace = session_with(tmp_path, store, push)

    with pytest.raises(NothingToJudgeError, match="is listed as linux/arm64"):
        build.build(workspace, SOURCE, platforms=BOTH)


def test_a_failed_build_moves_nothing(store: Store, tmp_path: Path) -> None:
    """The builder's own words are the reason."""
    failed = outcome(code=1, stderr="no space left")
    answers: dict[str, Answer] = {"docker info": STORE, "buildx bake": failed}
    (tmp_path / "Dockerfile").write_text("FROM scratch AS production\n")
    workspace = workspace_at(tmp_path, store, TableRunner(answers))

    with pytest.raises(CommandFailedError, match="failed") as caught:
        build.build(workspace, SOURCE, platforms=BOTH)
    assert caught.value.why == "no space left"
    assert store.tags == {}


def test_files_that_change_meanwhile_are_noticed(store: Store, tmp_path: Path) -> None:
    """An image of a tree that changed under the builder has no tree to speak of."""
    workspace = session_with(tmp_path, store, pushing(store))
    before = replace(SOURCE, tree="8" * 40)

    with pytest.raises(NothingToJudgeError, match="changed during"):
        build.build(workspace, before, platforms=BOTH)


def test_a_released_version_is_never_replaced(store: Store, tmp_path: Path) -> None:
    """The tag of a version keeps its digest; another build of it is an error."""
    released = replace(SOURCE, version="1.2.3")
    first = push_image(store.client(), labels(), layer=b"first", tag="1.2.3").digest
    workspace = session_with(tmp_path, store, pushing(store))

    with pytest.raises(RegistryError, match="1.2.3 already exists in the registry"):
        build.build(workspace, released, platforms=BOTH)
    assert store.tags["1.2.3"] == first
    assert "built" not in store.tags


def test_another_target_gets_its_own_tag_only(store: Store, tmp_path: Path) -> None:
    """A testing image is never what a promotion takes."""
    workspace = session_with(tmp_path, store, pushing(store))

    built = build.build(workspace, SOURCE, platforms=BOTH, target="testing")

    assert built.tags == ("testing",)
    assert {"arrived", "testing"} <= set(store.tags)
    assert "built" not in store.tags


def test_a_registry_that_is_down_stops_before_the_build(tmp_path: Path) -> None:
    """Nothing is built that could not be pushed."""
    runner = TableRunner()
    workspace = workspace_at(tmp_path, Store(port=1), runner)

    with pytest.raises(RegistryNetworkError):
        build.build(workspace, SOURCE, platforms=BOTH)
    assert runner.calls == []


def test_an_unknown_target_names_the_nearest(store: Store, tmp_path: Path) -> None:
    """A typo is a configuration error."""
    workspace = workspace_at(tmp_path, store)

    with pytest.raises(ConfigurationError, match="Did you mean 'production'"):
        build.build(workspace, SOURCE, platforms=BOTH, target="producton")


def test_the_arguments_follow_from_the_commit(store: Store, tmp_path: Path) -> None:
    """No argument and no label holds the time of the build: one commit is one digest."""
    workspace = workspace_at(tmp_path, store)

    assert build.arguments(SOURCE)["SOURCE_DATE_EPOCH"] == "1795555588"
    found = build.labels(workspace, SOURCE)
    assert found["org.opencontainers.image.created"] == "2026-11-24T21:26:28Z"
    assert found["dev.towpath.dirty"] == "false"


def test_a_build_without_a_push_stays_in_the_engine(tmp_path: Path) -> None:
    """No registry is asked, and the name is the engine's."""
    workspace = session_with(tmp_path, Store(port=1), lambda: f"sha256:{'0' * 64}")

    assert build.build_locally(workspace, SOURCE, platforms=("linux/amd64",)) == (
        "towpath/dashboard:production"
    )


def test_several_targets_are_one_solve(store: Store, tmp_path: Path) -> None:
    """buildx is called once; each target gets its own names."""
    layers = iter([layer({"one": b"1"}), layer({"two": b"2"})])
    workspace = session_with(
        tmp_path,
        store,
        lambda: push_image(store.client(), labels(), layer=next(layers), tag="arrived").digest,
    )

    built = build.build_all(workspace, SOURCE, platforms=BOTH, targets=("production", "testing"))

    assert isinstance(workspace.runner, TableRunner)
    assert sum("buildx bake" in line for line in workspace.runner.lines) == 1
    assert store.tags["built"] == built["production"].digest
    assert store.tags["testing"] == built["testing"].digest
    assert built["production"].digest != built["testing"].digest


def test_one_bad_target_moves_no_tag(store: Store, tmp_path: Path) -> None:
    """What one target lacks holds back the names of all."""
    pushes = iter([pushing(store), pushing(store, platforms=("linux/amd64",), tag="half")])
    workspace = session_with(tmp_path, store, lambda: next(pushes)())

    with pytest.raises(RegistryError, match="has no image for linux/arm64"):
        build.build_all(workspace, SOURCE, platforms=BOTH, targets=("production", "testing"))
    assert set(store.tags) == {"arrived", "half"}


def test_a_tag_of_ones_own_moves_too(store: Store, tmp_path: Path) -> None:
    """--tag adds a name to those that the pipeline gives."""
    workspace = session_with(tmp_path, store, pushing(store))

    built = build.build_all(workspace, SOURCE, platforms=BOTH, tag="try-1")["production"]

    assert built.tags == ("0.0.0-gccccccc", "built", "try-1")
    assert store.tags["try-1"] == built.digest


def test_what_lies_above_the_base_is_measured(store: Store, tmp_path: Path) -> None:
    """The base is pushed beside the target; its layers are the lowest of the target's."""
    below, ours = layer({"etc/base": b"base"}), layer({"srv/app": b"x" * 99})
    workspace = session_with(
        tmp_path,
        store,
        pushing(store, layer=below, more=(ours,)),
        pushing(store, layer=below, tag="base"),
    )

    built = build.build(workspace, SOURCE, platforms=BOTH)

    assert built.above_base == {"linux/amd64": len(ours), "linux/arm64": len(ours)}
    base = origin.base(store.client(), built.digest)
    assert base is not None and base.name == "python:3.13-slim"
    assert base.layers["linux/arm64"] == (oci.sha256(below),)


def test_a_base_that_cannot_be_told_is_said(store: Store, tmp_path: Path) -> None:
    """Its name comes from an argument without a value: no size above it is claimed."""
    workspace = session_with(tmp_path, store, pushing(store))
    (tmp_path / "Dockerfile").write_text("ARG BASE\nFROM ${BASE}\n")

    built = build.build(workspace, SOURCE, platforms=BOTH)

    assert built.above_base == {}
    assert isinstance(workspace.terminal, QuietTerminal)
    assert "Cannot determine the base image of production" in workspace.terminal.said


def test_a_program_of_another_architecture_stops_before_the_tags(
    store: Store, tmp_path: Path
) -> None:
    """A file for x86-64 in the arm64 image is named, and nothing gets its name."""
    workspace = session_with(
        tmp_path, store, pushing(store, layer=layer({"srv/lib/x.so": program(AMD64)}))
    )

    with pytest.raises(CommandFailedError, match="production for linux/arm64") as caught:
        build.build(workspace, SOURCE, platforms=BOTH)
    assert caught.value.why == "srv/lib/x.so (x86-64)"
    assert set(store.tags) == {"arrived"}


def test_a_layer_is_looked_at_once(store: Store, tmp_path: Path) -> None:
    """What is in a layer is remembered by its digest: the second build downloads none."""
    content = layer({"srv/lib/x.so": program(AMD64)})
    one = ("linux/amd64",)
    workspace = session_with(tmp_path, store, pushing(store, layer=content, platforms=one))
    first = build.build(workspace, SOURCE, platforms=one)
    store.asked.clear()

    second = build.build(workspace, SOURCE, platforms=one)

    assert first.programs == second.programs == 1
    assert f"GET /v2/towpath/dashboard/blobs/{oci.sha256(content)}" not in store.asked


def test_a_layer_that_is_no_archive_is_nothing_to_judge(store: Store, tmp_path: Path) -> None:
    """What cannot be looked into is never taken for right."""
    workspace = session_with(tmp_path, store, pushing(store, layer=b"\x28\xb5\x2f\xfd"))

    with pytest.raises(NothingToJudgeError, match="Cannot read"):
        build.build(workspace, SOURCE, platforms=BOTH)
    assert set(store.tags) == {"arrived"}


def test_the_provenance_hangs_on_the_digest(store: Store, tmp_path: Path) -> None:
    """Commit, base and builder are said of the digest; the same bytes keep the first one."""
    workspace = session_with(tmp_path, store, pushing(store))

    first = build.build(workspace, SOURCE, platforms=BOTH)
    build.build(workspace, SOURCE, platforms=BOTH)

    (artifact,) = attached.artifacts(store.client(), first.digest, provenance.ARTIFACT_TYPE)
    said = json.loads(attached.content(store.client(), artifact))
    assert said["subject"][0]["digest"]["sha256"] == first.digest.partition(":")[2]
    definition = said["predicate"]["buildDefinition"]
    assert definition["externalParameters"]["platforms"] == list(BOTH)
    assert definition["resolvedDependencies"][0]["digest"]["gitCommit"] == SOURCE.commit
    assert said["predicate"]["runDetails"]["builder"] == {"id": "docker"}


def test_the_provenance_names_the_wheels_that_were_made(store: Store, tmp_path: Path) -> None:
    """Each with its hash, for which platform and how, so that nobody has to believe a tag."""
    machine = Machine(tmp_path, store)
    workspace = machine.workspace()
    assert isinstance(workspace.runner, TableRunner)
    solve = builder(pushing(store))

    def bake(argv: tuple[str, ...]) -> Outcome:
        plan = Path(next(word for word in argv if word.startswith("--file=")).partition("=")[2])
        body = json.loads(plan.read_text())["target"].get("production", {})
        if body and "contexts" not in body:
            log = workspace.config.reports / "logs" / "build.log"
            log.parent.mkdir(parents=True, exist_ok=True)
            log.write_text(
                '#9 ERROR: process "/bin/sh -c install" did not complete successfully: '
                f"exit code: {wheels.NO_WHEEL}\n"
            )
            return outcome(code=1)
        return solve(argv)

    workspace.runner.answers |= {"buildx bake": bake, **git()}

    built = build.build(workspace, SOURCE, platforms=BOTH)

    (artifact,) = attached.artifacts(store.client(), built.digest, provenance.ARTIFACT_TYPE)
    said = json.loads(attached.content(store.client(), artifact))["predicate"]["buildDefinition"]
    named = [row for row in said["resolvedDependencies"] if row["uri"].startswith("pkg:pypi/")]
    assert [row["annotations"] for row in named] == [
        {"platform": "linux/amd64", "made": "native"},
        {"platform": "linux/arm64", "made": "cross"},
    ]
    assert {row["digest"]["sha256"] for row in named} == {row.sha256 for row in built.wheels}


def test_the_evidence_names_every_wheel_of_a_registry() -> None:
    """Which one, for what platform, and from where; what was made here is not among them."""
    here = Wheel("thing", "1.0", "linux/amd64", "native", 1, "thing.whl", "a" * 64)
    theirs = replace(here, platform="linux/arm64", registry="r.example.com/x-wheels")
    built = build.Built("sha256:" + "b" * 64, "1", BOTH, {}, (), 1, wheels=(here, theirs))

    assert build.facts(SOURCE, built, BOTH)["registry_wheels"] == [
        {
            "name": "thing",
            "version": "1.0",
            "platform": "linux/arm64",
            "sha256": "a" * 64,
            "registry": "r.example.com/x-wheels",
        }
    ]
