"""A lock that is taken away from a command that hangs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.state import DirectoryState
from tests.unit.deployment.world import World, site_of
from towpath.core.errors import ConfigurationError

ANN = {"user": "ann", "host": "laptop", "pid": 7, "at": "then"}


def test_the_owner_loses_its_session_and_the_reason_is_kept(tmp_path: Path) -> None:
    """Every session with the state of this environment ends, and of no other."""
    world = World()
    site = site_of(world, tmp_path)
    other = DirectoryState(tmp_path / "state" / "staging")
    assert other.try_lock(ANN).taken

    had = site.unlock("now", "it hangs since noon")
    other.unlock()

    assert had == "ann on laptop (pid 7, since then)"
    assert world.acts == ["end towpath.state=box-staging"]
    line = json.loads(site.state.read("unlocks.jsonl") or b"")
    assert (line["reason"], line["had"], line["at"]) == ("it hangs since noon", ANN, "now")


def test_a_lock_that_nobody_has_is_left_alone(tmp_path: Path) -> None:
    """Nothing is ended, and nothing is written."""
    world = World()
    site = site_of(world, tmp_path)

    assert site.unlock("now", "to be sure") == ""
    assert world.acts == []
    assert site.state.read("unlocks.jsonl") is None
    assert DirectoryState(tmp_path / "state" / "staging").try_lock(ANN).taken


@pytest.mark.parametrize("reason", ["", "  "])
def test_a_reason_is_wanted(tmp_path: Path, reason: str) -> None:
    """Whoever had the lock will ask for it."""
    with pytest.raises(ConfigurationError, match="for a reason"):
        site_of(World(), tmp_path).unlock("now", reason)
