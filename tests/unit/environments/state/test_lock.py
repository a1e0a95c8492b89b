"""The lock of an environment, and who has it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.clock import QuickClock
from tests.state import DirectoryState
from towpath.core.errors import DeploymentPausedError, EngineUnreachableError, LockedError
from towpath.environments.state.lock import Owner, locked


def quiet(_text: str) -> None:
    """Hear nothing."""


def test_a_held_lock_names_its_owner(tmp_path: Path) -> None:
    """Whoever comes second learns who is first, and since when."""
    state = DirectoryState(tmp_path)
    with locked(state, "staging", Owner("2026-01-01T00:00:00Z"), quiet):
        with pytest.raises(LockedError, match=rf"pid {os.getpid()}, since 2026-01-01") as caught:
            with locked(state, "staging", Owner("later"), quiet):
                pytest.fail("two hold one lock")

    assert "staging" in caught.value.what


def test_a_released_lock_is_free_and_names_nobody(tmp_path: Path) -> None:
    """The next one hears nothing of it."""
    state, heard = DirectoryState(tmp_path), list[str]()
    with locked(state, "staging", Owner("then"), quiet):
        assert (state.owner or {})["pid"] == os.getpid()
    with locked(state, "staging", Owner("now"), heard.append):
        pass

    assert (heard, state.owner) == ([], None)


def test_the_lock_of_a_dead_owner_is_taken_over_and_said(tmp_path: Path) -> None:
    """Its name is still in the file, and nobody holds it."""
    state, heard = DirectoryState(tmp_path), list[str]()
    state.leave({"user": "ann", "host": "h", "pid": 1, "at": "then"})
    with locked(state, "staging", Owner("now"), heard.append):
        pass

    assert heard == [
        "Taking over the lock of ann on h (pid 1, since then): "
        "that process, or its connection, no longer exists."
    ]


def test_a_lock_file_of_nonsense_is_taken_over(tmp_path: Path) -> None:
    """A file that a crash left half written keeps nobody out."""
    state, heard = DirectoryState(tmp_path), list[str]()
    state.leave({})
    with locked(state, "staging", Owner("now"), heard.append):
        pass

    assert "an unknown process" in heard[0]


def test_a_ci_run_is_named_with_its_address(tmp_path: Path) -> None:
    """So that a person finds it on the machine of a runner that is gone tomorrow."""
    state = DirectoryState(tmp_path)
    with locked(state, "staging", Owner("then", "https://ci.example.com/7"), quiet):
        with pytest.raises(LockedError, match=r"since then, https://ci\.example\.com/7\)"):
            with locked(state, "staging", Owner("later"), quiet):
                pytest.fail("two hold one lock")


def test_a_lock_is_waited_for_as_long_as_is_wanted(tmp_path: Path) -> None:
    """It says so; then it gives up as without waiting."""
    state, heard, clock = DirectoryState(tmp_path), list[str](), QuickClock()
    with locked(state, "staging", Owner("then"), quiet):
        with pytest.raises(LockedError):
            with locked(state, "staging", Owner("later", wait=60), heard.append, clock):
                pytest.fail("two hold one lock")

    assert clock.monotonic() >= 60
    assert heard[0].startswith("staging is locked by ")
    assert heard[0].endswith("; waiting up to 60 s.")


def test_who_waits_goes_on_when_the_lock_is_free(tmp_path: Path) -> None:
    """At the next look."""
    state = DirectoryState(tmp_path)
    first = locked(state, "staging", Owner("then"), quiet)
    first.__enter__()

    class Ends(QuickClock):
        """The first owner ends while the second one waits."""

        def sleep(self, seconds: float) -> None:
            """Let the first one end."""
            super().sleep(seconds)
            first.__exit__(None, None, None)

    with locked(state, "staging", Owner("later", wait=60), quiet, Ends()):
        assert (state.owner or {})["at"] == "later"


class LostState(DirectoryState):
    """A state whose connection ends before the lock is released."""

    def unlock(self) -> None:
        """Fail, as a connection does that is gone."""
        raise EngineUnreachableError("The connection to the environment's state was lost.")


def test_a_connection_that_ends_does_not_hide_what_was_said(tmp_path: Path) -> None:
    """The lock ends with it; a deployment that is paused by an outage says that."""
    with (
        pytest.raises(DeploymentPausedError, match="is paused"),
        locked(LostState(tmp_path), "staging", Owner("now"), quiet),
    ):
        raise DeploymentPausedError("The deployment is paused.")
