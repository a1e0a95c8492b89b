"""Takes the lock of an environment away from whoever has it, and records why."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from towpath.core.errors import ConfigurationError
from towpath.environments.state.lock import words
from towpath.environments.state.volume import State

# One line of JSON for each lock that was taken away.
UNLOCKS = "unlocks.jsonl"


def unlock(
    state: State, end_sessions: Callable[[], int], owner: dict[str, Any], reason: str
) -> str:
    """Take the lock away from its owner, whose name is returned; empty where nobody has it.

    `owner` is whoever does so, as a lock names its owner; `end_sessions` ends every connection to
    the state on its engine. The owner cannot go on: its next entry of the journal is refused.
    Raises ConfigurationError without a reason, and CommandFailedError if the engine is away.
    """
    if not reason.strip():
        raise ConfigurationError(
            "A lock is taken away for a reason.",
            why="It is kept in the state of the environment, for the owner of the lock.",
            next_step="Add --reason='...'.",
        )
    found = state.try_lock(owner)
    if found.taken:
        state.unlock()
        return ""
    state.close()
    end_sessions()
    line = {**owner, "reason": reason, "had": found.owner}
    state.append(UNLOCKS, (json.dumps(line) + "\n").encode())
    return words(found.owner)
