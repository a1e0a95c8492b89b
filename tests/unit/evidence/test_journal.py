"""Journal and history of an environment."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.state import DirectoryState
from towpath.core import private
from towpath.core.errors import CommandFailedError
from towpath.evidence.journal import REMEMBERED, History, Journal


def test_a_journal_begins_anew_and_keeps_every_entry(tmp_path: Path) -> None:
    """What is read is what was written, in order."""
    journal = Journal(DirectoryState(tmp_path), "journal.jsonl")
    journal.begin({"deployment": "old"})
    journal.begin({"deployment": "d1"})
    journal.add("start", "begin")
    journal.add("", "end", result="done")

    assert journal.read() == [
        {"deployment": "d1"},
        {"step": "start", "phase": "begin"},
        {"step": "", "phase": "end", "result": "done"},
    ]


def test_a_line_that_was_cut_by_a_crash_did_not_happen(tmp_path: Path) -> None:
    """Nothing was done yet on the strength of it."""
    path = tmp_path / "journal.jsonl"
    path.write_text('{"deployment": "d1"}\n{"step": "sta')

    assert Journal(DirectoryState(tmp_path), path.name).read() == [{"deployment": "d1"}]


def test_no_file_is_no_history(tmp_path: Path) -> None:
    """A new environment has run nothing."""
    history = History(DirectoryState(tmp_path), "releases.json")

    assert (Journal(DirectoryState(tmp_path), "none").read(), history.releases()) == ([], [])
    assert history.migrations() == []


def test_a_history_keeps_releases_and_the_last_word_on_a_migration(tmp_path: Path) -> None:
    """One that was judged twice counts as it was judged last."""
    history = History(DirectoryState(tmp_path), "releases.json")
    history.add_release({"digest": "a"})
    history.add_migrations([{"name": "m1", "safe": False}, {"name": "m2", "safe": True}])
    history.add_migrations([{"name": "m1", "safe": True}])
    history.add_release({"digest": "b"})

    assert [row["digest"] for row in history.releases()] == ["a", "b"]
    assert history.migrations() == [{"name": "m1", "safe": True}, {"name": "m2", "safe": True}]


@pytest.mark.parametrize("text", ["{", "[1]"])
def test_a_broken_history_is_not_taken_for_none(tmp_path: Path, text: str) -> None:
    """It names the file instead of forgetting what was run."""
    path = tmp_path / "releases.json"
    path.write_text(text)
    with pytest.raises(CommandFailedError, match="releases.json"):
        History(DirectoryState(tmp_path), path.name).releases()


def test_a_file_is_replaced_whole_and_with_its_mode(tmp_path: Path) -> None:
    """No part of a file is ever seen, and nothing temporary stays."""
    path = tmp_path / "secret"
    private.write_private(path, "one", mode=0o444)
    private.write_private(path, "two", mode=0o444)

    assert (path.read_text(), path.stat().st_mode & 0o777) == ("two", 0o444)
    assert list(tmp_path.iterdir()) == [path]


def test_a_history_does_not_grow_for_ever(tmp_path: Path) -> None:
    """The oldest deployments are forgotten, migrations never: they say what the schema is."""
    history = History(DirectoryState(tmp_path), "releases.json")
    history.add_migrations([{"name": "a.1", "safe": True, "over": ""}])
    rows = [{"digest": str(number)} for number in range(REMEMBERED)]
    document = {"releases": rows, "migrations": history.migrations()}
    (tmp_path / "releases.json").write_text(json.dumps(document))

    history.add_release({"digest": "newest"})

    found = [row["digest"] for row in history.releases()]
    assert (found[0], found[-1], len(found)) == ("1", "newest", REMEMBERED)
    assert [row["name"] for row in history.migrations()] == ["a.1"]
