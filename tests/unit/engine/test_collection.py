"""Freeing the registry's disk: where it is, what it holds, and what is left to tidy."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes import QuietTerminal
from tests.unit.engine.starter import TableStarter
from towpath.core.errors import CommandFailedError
from towpath.core.references import Repository
from towpath.engine import daemon
from towpath.engine import garbage_collection as collection
from towpath.engine.layout import layout
from towpath.engine.processes import SystemProcess

HEX = "a" * 64


@pytest.fixture
def env() -> Iterator[dict[str, str]]:
    """An engine of the test's own, which does not run; its directory has a short name."""
    with tempfile.TemporaryDirectory(prefix="t") as folder:
        yield {"TOWPATH_ENGINE_DIR": folder, "TOWPATH_ENGINE_PORT": "5999"}


def test_without_an_engine_no_disk_is_ours(env: dict[str, str]) -> None:
    """Whoever listens at the port is somebody else."""
    assert collection.storage(env, Repository("localhost:5999", "a/b")) is None
    assert collection.storage(env, Repository("registry.example.com", "a/b")) is None


def test_only_manifests_that_are_linked_are_there(tmp_path: Path) -> None:
    """What was deleted leaves its directory; other repositories are left out."""
    for name, link in (("a/b", True), ("a/b", False), ("a/c", True)):
        digest = HEX if link and name == "a/b" else "b" * 64
        place = tmp_path / collection.TREE / "repositories" / name / "_manifests/revisions/sha256"
        (place / digest).mkdir(parents=True)
        if link:
            (place / digest / "link").write_text(f"sha256:{digest}")

    assert collection.revisions(tmp_path, "a/b") == [f"sha256:{HEX}"]
    assert collection.revisions(tmp_path, "a/none") == []


def test_links_to_what_is_gone_are_tidied(tmp_path: Path) -> None:
    """A link to a blob that is there stays, and so does a manifest's."""
    repository = tmp_path / "repositories/a/b"
    for digest in (HEX, "b" * 64):
        for place in ("_layers/sha256", "_manifests/revisions/sha256"):
            (repository / place / digest).mkdir(parents=True)
            (repository / place / digest / "link").touch()
    (repository / "_manifests/revisions/sha256" / ("b" * 64) / "link").unlink()
    (tmp_path / "blobs/sha256/aa" / HEX).mkdir(parents=True)
    (tmp_path / "blobs/sha256/aa" / HEX / "data").write_bytes(b"12345")

    collection._tidy(tmp_path)

    left = sorted(row.parent.name for row in repository.rglob("link"))
    assert left == [HEX, HEX]
    assert not list(repository.rglob("b" * 64))
    assert collection.usage(tmp_path) == 5


def test_an_engine_that_does_not_run_collects_nothing(env: dict[str, str]) -> None:
    """The error says how to start it, and no mark of a collection stays behind."""
    own = layout(env)
    own.run.mkdir(parents=True)
    starter = TableStarter(env=env)

    with pytest.raises(CommandFailedError, match="is not running"):
        collection.collect(starter, QuietTerminal())

    assert starter.started == []
    assert not own.collecting.exists()


def test_an_engine_of_an_earlier_version_is_left_alone(
    env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its registry listens elsewhere: it would be gone after a collection."""
    own = layout(env)
    own.run.mkdir(parents=True)
    own.collecting.touch()
    monkeypatch.setattr(daemon, "running", lambda _own: SystemProcess(1, 0, "S", 1))
    starter = TableStarter(env=env)

    for act in (collection.collect, collection.make_writable):
        with pytest.raises(CommandFailedError, match="earlier version"):
            act(starter, QuietTerminal())
    assert starter.started == []


def test_nothing_is_healed_that_is_well(env: dict[str, str]) -> None:
    """Without the mark no process is touched."""
    starter = TableStarter(env=env)

    collection.make_writable(starter, QuietTerminal())

    assert starter.started == []
