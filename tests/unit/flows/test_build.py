"""A build counts when the registry holds every platform of it; then, and last, its tags move."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fakes import Answer, TableRunner, outcome
from tests.registry_server import Store, push_image
from tests.releases import SOURCE, START, labels, session_at
from towpath.errors import (
    CommandFailedError,
    ConfigurationError,
    NothingToJudgeError,
    RegistryError,
    RegistryNetworkError,
)
from towpath.flows import build, stages
from towpath.flows.session import Session
from towpath.flows.source import Source
from towpath.runner import Outcome

pytestmark = pytest.mark.door

BOTH = ("linux/amd64", "linux/arm64")
STORE = '{"DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]]}'


def git(source: Source = SOURCE) -> dict[str, Answer]:
    """Answer as git does in the tree of this source."""
    return {
        "rev-parse": f"{source.commit}\n{SOURCE.tree}\n",
        "write-tree": f"{source.tree}\n",
        "git add": "",
        "git tag": "",
        "symbolic-ref": "main\n",
        "git log": f"{source.epoch}\n",
        "remote.origin": outcome(code=1),
    }


def builder(push: Callable[[], str]) -> Answer:
    """Answer as buildx does: push something, and name its digest in the metadata file."""

    def run(argv: tuple[str, ...]) -> Outcome:
        digest = push()
        (where,) = (part.partition("=")[2] for part in argv if part.startswith("--metadata-file"))
        Path(where).write_text(json.dumps({"containerimage.digest": digest}))
        return outcome()

    return run


def session_with(root: Path, store: Store, push: Callable[[], str]) -> Session:
    answers: dict[str, Answer] = {
        "docker info": STORE,
        "buildx build": builder(push),
        **git(),
    }
    return session_at(root, store, TableRunner(answers))


def test_what_was_pushed_is_read_back_and_named(store: Store, tmp_path: Path) -> None:
    """Digest, platforms and sizes are the registry's; version and `built` point at the digest."""
    session = session_with(tmp_path, store, lambda: push_image(store.client(), labels()).digest)

    built = build.build(session, SOURCE, platforms=BOTH)

    assert built.digest == store.tags["building"]
    assert built.platforms == BOTH
    assert store.tags["built"] == store.tags["0.0.0-gccccccc"] == built.digest
    assert built.tags == ("0.0.0-gccccccc", "built")
    assert built.image_size == max(built.sizes.values()) > 5
    assert list((tmp_path / "reports" / "build").iterdir()) == []


def test_the_statement_binds_source_and_digest(store: Store, tmp_path: Path) -> None:
    """Commit, tree and digest are facts of one passed statement about the digest."""
    session = session_with(tmp_path, store, lambda: push_image(store.client(), labels()).digest)
    built = build.build(session, SOURCE, platforms=BOTH)

    statement = build.record(session, SOURCE, built, BOTH, started=START)

    stages.raise_for(statement)
    assert statement.subject.digest == {"sha256": built.digest.removeprefix("sha256:")}
    assert statement.facts["commit"] == SOURCE.commit
    assert statement.facts["tree"] == SOURCE.tree
    assert statement.facts["platforms_missing"] == 0
    assert statement.facts["sizes"] == built.sizes


def test_a_builder_that_pushed_nothing_is_an_error(store: Store, tmp_path: Path) -> None:
    """Exit code 0 with nothing in the registry moves no tag."""
    session = session_with(tmp_path, store, lambda: f"sha256:{'0' * 64}")

    with pytest.raises(RegistryError, match="does not hold sha256:000"):
        build.build(session, SOURCE, platforms=BOTH)
    assert store.tags == {}


def test_an_image_without_a_platform_is_an_error(store: Store, tmp_path: Path) -> None:
    """One platform of two is not what was asked for."""
    session = session_with(
        tmp_path,
        store,
        lambda: push_image(store.client(), labels(), ("linux/amd64",)).digest,
    )

    with pytest.raises(RegistryError, match="lacks linux/arm64"):
        build.build(session, SOURCE, platforms=BOTH)
    assert "built" not in store.tags


def test_a_layer_that_did_not_arrive_is_an_error(store: Store, tmp_path: Path) -> None:
    """Manifests alone are no image: every blob has to be there."""

    def push() -> str:
        digest = push_image(store.client(), labels()).digest
        (lost,) = (name for name, blob in store.blobs.items() if blob == b"layer")
        del store.blobs[lost]
        return digest

    session = session_with(tmp_path, store, push)

    with pytest.raises(RegistryError) as caught:
        build.build(session, SOURCE, platforms=BOTH)
    assert "lacks the layer" in caught.value.why


def test_a_child_of_another_platform_is_nothing_to_judge(store: Store, tmp_path: Path) -> None:
    """An index that lists amd64 as arm64 is not believed."""

    def push() -> str:
        index = push_image(store.client(), labels())
        rows = index.document["manifests"]
        rows[0]["platform"], rows[1]["platform"] = rows[1]["platform"], rows[0]["platform"]
        wrong = replace(index, content=json.dumps({**index.document, "manifests": rows}).encode())
        store.client().put_manifest("building", wrong)
        return wrong.digest

    session = session_with(tmp_path, store, push)

    with pytest.raises(NothingToJudgeError, match="is listed as linux/arm64"):
        build.build(session, SOURCE, platforms=BOTH)


def test_a_failed_build_moves_nothing(store: Store, tmp_path: Path) -> None:
    """The builder's own words are the reason."""
    failed = outcome(code=1, stderr="no space left")
    answers: dict[str, Answer] = {"docker info": STORE, "buildx build": failed}
    session = session_at(tmp_path, store, TableRunner(answers))

    with pytest.raises(CommandFailedError, match="failed") as caught:
        build.build(session, SOURCE, platforms=BOTH)
    assert caught.value.why == "no space left"
    assert store.tags == {}


def test_files_that_change_meanwhile_are_noticed(store: Store, tmp_path: Path) -> None:
    """An image of a tree that changed under the builder has no tree to speak of."""
    session = session_with(tmp_path, store, lambda: push_image(store.client(), labels()).digest)
    before = replace(SOURCE, tree="8" * 40)

    with pytest.raises(NothingToJudgeError, match="changed while"):
        build.build(session, before, platforms=BOTH)


def test_a_released_version_is_never_replaced(store: Store, tmp_path: Path) -> None:
    """The tag of a version keeps its digest; another build of it is an error."""
    released = replace(SOURCE, version="1.2.3")
    first = push_image(store.client(), labels(), layer=b"first", tag="1.2.3").digest
    session = session_with(tmp_path, store, lambda: push_image(store.client(), labels()).digest)

    with pytest.raises(RegistryError, match="1.2.3 is in the registry already"):
        build.build(session, released, platforms=BOTH)
    assert store.tags["1.2.3"] == first
    assert "built" not in store.tags


def test_another_target_gets_its_own_tag_only(store: Store, tmp_path: Path) -> None:
    """A testing image is never what a promotion takes."""
    session = session_with(tmp_path, store, lambda: push_image(store.client(), labels()).digest)

    built = build.build(session, SOURCE, platforms=BOTH, target="testing")

    assert built.tags == ("testing",)
    assert set(store.tags) == {"building", "testing"}


def test_a_registry_that_is_down_stops_before_the_build(tmp_path: Path) -> None:
    """Nothing is built that could not be pushed."""
    runner = TableRunner()
    session = session_at(tmp_path, Store(port=1), runner)

    with pytest.raises(RegistryNetworkError):
        build.build(session, SOURCE, platforms=BOTH)
    assert runner.calls == []


def test_an_unknown_target_names_the_nearest(store: Store, tmp_path: Path) -> None:
    """A typo is a configuration error."""
    session = session_at(tmp_path, store)

    with pytest.raises(ConfigurationError, match="Did you mean 'production'"):
        build.build(session, SOURCE, platforms=BOTH, target="producton")


def test_an_engine_without_image_store_gets_a_builder(store: Store, tmp_path: Path) -> None:
    """The builder is made once, where it is missing."""
    answers: dict[str, Answer] = {
        "docker info": '{"DriverStatus": []}',
        "buildx inspect": outcome(code=1),
        "buildx create": "towpath\n",
    }
    runner = TableRunner(answers)
    session = session_at(tmp_path, store, runner)

    assert build.builder(session) == "towpath"
    assert len(runner.calls) == 3

    answers["buildx inspect"] = ""
    again = TableRunner(answers)
    assert build.builder(session_at(tmp_path, store, again)) == "towpath"
    assert len(again.calls) == 2


def test_the_arguments_follow_from_the_commit(store: Store, tmp_path: Path) -> None:
    """No argument holds the time of the build: one commit is one digest."""
    arguments = build.arguments(session_at(tmp_path, store), SOURCE)

    assert arguments["SOURCE_DATE_EPOCH"] == "1795555588"
    assert arguments["CREATED"] == "2026-11-24T21:26:28Z"
    assert arguments["DIRTY"] == "false"


def test_a_build_without_a_push_stays_in_the_engine(tmp_path: Path) -> None:
    """No registry is asked, and the name is the engine's."""
    runner = TableRunner({"docker info": STORE, "buildx build": "", **git()})
    session = session_at(tmp_path, Store(port=1), runner)

    assert build.keep(session, SOURCE, platforms=("linux/amd64",)) == (
        "towpath/dashboard:production"
    )
    (line,) = (line for line in runner.lines if "buildx build" in line)
    assert re.search(r"--output=type=docker,\S*name=towpath/dashboard:production", line)
