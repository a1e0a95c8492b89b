"""The database that is kept for the next run: taken by one, and only given back whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.app import keeping


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """Return where a database of this process is kept."""
    directory = tmp_path / "kept"
    directory.mkdir()
    return directory / "3.12-gw0-0123.sqlite3"


def test_a_kept_database_is_taken_once(kept: Path, tmp_path: Path) -> None:
    """A second run at the same time makes its own."""
    kept.write_text("tables")

    assert keeping.take(kept, tmp_path / "first")
    assert not keeping.take(kept, tmp_path / "second")
    assert (tmp_path / "first").read_text() == "tables"
    assert list(kept.parent.iterdir()) == []


def test_what_is_given_back_replaces_older_ones(kept: Path, tmp_path: Path) -> None:
    """Those of other processes and other Pythons stay."""
    older, other = kept.with_name("3.12-gw0-9999.sqlite3"), kept.with_name("3.13-gw0-9999.sqlite3")
    own = tmp_path / "test.sqlite3"
    for file in (older, other, own):
        file.write_text(file.name)

    assert keeping.give_back(own, kept)
    assert sorted(kept.parent.iterdir()) == [kept, other]
    assert kept.read_text() == "test.sqlite3"


def test_a_database_in_use_is_not_kept(kept: Path, tmp_path: Path) -> None:
    """Its log would be missing."""
    own = tmp_path / "test.sqlite3"
    own.touch()
    (tmp_path / "test.sqlite3-wal").touch()

    assert not keeping.give_back(own, kept)
    assert not kept.exists()
    assert not keeping.give_back(tmp_path / "never made", kept)


def test_a_place_depends_on_what_the_tables_come_from(
    pytestconfig: pytest.Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A changed model is another place; without --reuse-db there is none."""
    (tmp_path / "models.py").write_text("a = 1")
    monkeypatch.setattr(keeping, "APP", tmp_path)
    monkeypatch.setattr(pytestconfig.option, "reuse_db", True)
    before = keeping.place(pytestconfig)
    again = keeping.place(pytestconfig)
    (tmp_path / "models.py").write_text("a = 2")
    after = keeping.place(pytestconfig)
    monkeypatch.setattr(pytestconfig.option, "reuse_db", False)

    assert (before is None) == (not hasattr(pytestconfig, "cache"))
    assert before == again
    assert before is None or before != after
    assert keeping.place(pytestconfig) is None
