"""What was sent before: how the last run ended, who was notified, and each last delivery.

It lies with the state of the machine, so that `recovered` needs a state that outlives a CI job.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from towpath.config import Config
from towpath.core import documents, locks, private
from towpath.core.errors import NothingToJudgeError

FILE, LOCK = "notifications.json", "notifications.lock"
# Branches and waivers that are remembered.
REMEMBERED = 500


@dataclass(frozen=True)
class Delivery:
    """One message to one target: whether it arrived, after how many tries, and why not."""

    target: str
    kind: str
    event: str
    delivered: bool
    at: str
    attempts: int = 1
    problem: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the delivery as plain values."""
        return asdict(self)


@dataclass
class Memory:
    """`failed` are subjects whose last run failed; `sent` what each target was sent last of each.

    A subject is a branch or an environment. `waivers` are those that a target was sent.
    """

    failed: list[str] = field(default_factory=list)
    sent: dict[str, dict[str, str]] = field(default_factory=dict)
    waivers: dict[str, list[str]] = field(default_factory=dict)
    deliveries: dict[str, dict[str, Any]] = field(default_factory=dict)

    def ended(self, subject: str, fingerprint: str) -> None:
        """Note how the run of a subject ended; an empty fingerprint is a success."""
        self.failed = [row for row in self.failed if row != subject]
        if fingerprint:
            self.failed = [*self.failed, subject][-REMEMBERED:]
            return
        for known in self.sent.values():
            known.pop(subject, None)

    def record(self, rows: Iterable[Delivery]) -> None:
        """Note the last delivery to each target."""
        for row in rows:
            self.deliveries[row.target] = row.as_json()

    def delivered(self, subject: str, fingerprint: str, rows: Iterable[Delivery]) -> None:
        """Note each delivery; what did not arrive counts as not sent."""
        known_rows = list(rows)
        self.record(known_rows)
        for row in known_rows:
            if fingerprint and row.delivered:
                known = {**self.sent.get(row.target, {}), subject: fingerprint}
                self.sent[row.target] = dict(list(known.items())[-REMEMBERED:])


def read_memory(config: Config) -> Memory:
    """Return what is remembered; nothing where there is nothing, or nothing that can be read.

    Raises ConfigurationError if the state directory cannot be used.
    """
    try:
        content = private.read_own(config.state / FILE, documents.BYTES)
        found = documents.loads(content) if content else {}
        return _memory(found)
    except (NothingToJudgeError, OSError, ValueError, TypeError, AttributeError, KeyError):
        return Memory()


def _memory(found: Any) -> Memory:
    return Memory(
        [str(row) for row in found.get("failed", [])],
        {
            str(target): {str(key): str(value) for key, value in rows.items()}
            for target, rows in found.get("sent", {}).items()
        },
        {
            str(target): [str(row) for row in rows]
            for target, rows in found.get("waivers", {}).items()
        },
        {str(target): dict(row) for target, row in found.get("deliveries", {}).items()},
    )


@contextmanager
def remembering(config: Config) -> Iterator[Memory]:
    """Read what is remembered, alone, and write it when the block ends.

    Raises ConfigurationError if the state directory cannot be used.
    """
    private.directory(config.state)
    with locks.opened(config.state / LOCK) as lock:
        lock.alone()
        memory = read_memory(config)
        yield memory
        content = json.dumps(asdict(memory), indent=1).encode()
        private.write_private(config.state / FILE, content)
