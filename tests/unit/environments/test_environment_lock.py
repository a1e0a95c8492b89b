"""The lock of an environment, and who has it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from towpath.core.errors import LockedError
from towpath.environments.environment_lock import locked


def quiet(_text: str) -> None:
    """Hear nothing."""


def test_a_held_lock_names_its_owner(tmp_path: Path) -> None:
    """Whoever comes second learns who is first, and since when."""
    path = tmp_path / "staging" / "lock"
    with locked(path, "2026-01-01T00:00:00Z", quiet):
        with pytest.raises(LockedError, match=rf"pid {os.getpid()}, since 2026-01-01") as caught:
            with locked(path, "later", quiet):
                pytest.fail("two hold one lock")

    assert "staging" in caught.value.what


def test_a_released_lock_is_free_and_names_nobody(tmp_path: Path) -> None:
    """The next one hears nothing of it."""
    path, heard = tmp_path / "lock", list[str]()
    with locked(path, "then", quiet):
        assert json.loads(path.read_text())["pid"] == os.getpid()
    with locked(path, "now", heard.append):
        pass

    assert (heard, path.read_text()) == ([], "")


def test_the_lock_of_a_dead_owner_is_taken_over_and_said(tmp_path: Path) -> None:
    """Its name is still in the file, and nobody holds it."""
    path, heard = tmp_path / "lock", list[str]()
    path.write_text(json.dumps({"user": "ann", "host": "h", "pid": 1, "at": "then"}))
    with locked(path, "now", heard.append):
        pass

    assert heard == [
        "Taking over the lock of ann on h (pid 1, since then): that process no longer exists."
    ]


def test_a_lock_file_of_nonsense_is_taken_over(tmp_path: Path) -> None:
    """A file that a crash left half written keeps nobody out."""
    path, heard = tmp_path / "lock", list[str]()
    path.write_text("{")
    with locked(path, "now", heard.append):
        pass

    assert "an unknown process" in heard[0]
