"""What containers said and when they ran, from the engine itself: nothing is sampled."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

import docker

PROJECT, SERVICE = "com.docker.compose.project", "com.docker.compose.service"
# What Celery says of each task that it takes, and what ours says when it is done.
TAKEN = re.compile(r"Task \S+\[([0-9a-f-]{36})\] received")
DONE = re.compile(r"run ([0-9a-f-]{36}) (stored|already stored)")
DISCARDED = "Received unregistered task"


class Witness:
    """Follows the log of every worker to its end, and how many beats run at any time."""

    def __init__(self, env: Mapping[str, str], project: str) -> None:
        self._client = docker.from_env(environment=dict(env))
        self._project = project
        self._threads: list[threading.Thread] = []
        self._beats: set[str] = set()
        self.taken: Counter[str] = Counter()
        self.done: Counter[str] = Counter()
        self.again = self.discarded = self.most_beats = 0
        self.gaps: list[float] = []
        self._without_since = 0.0
        labels = [f"{PROJECT}={project}"]
        events = self._client.events(
            decode=True, filters={"type": "container", "event": ["start", "die"], "label": labels}
        )
        self._events = events
        threading.Thread(target=self._watch, args=(events,), daemon=True).start()

    def end(self) -> None:
        """Wait until every log that was followed has ended; call it when no worker runs."""
        self._events.close()
        for thread in self._threads:
            thread.join(30)

    def _watch(self, events: Any) -> None:
        for event in events:
            attributes = event["Actor"]["Attributes"]
            service, begins = attributes.get(SERVICE), event["Action"] == "start"
            if service == "beat":
                self._count(event["Actor"]["ID"], begins, event["timeNano"] / 1e9)
            if service == "worker" and begins:
                thread = threading.Thread(target=self._read, args=(event["Actor"]["ID"],))
                thread.start()
                self._threads.append(thread)

    def _count(self, container: str, begins: bool, at: float) -> None:
        if begins:
            self._beats.add(container)
            if self._without_since:
                self.gaps.append(at - self._without_since)
        else:
            self._beats.discard(container)
            self._without_since = at
        self.most_beats = max(self.most_beats, len(self._beats))

    def _read(self, container: str) -> None:
        # A worker that is started again goes on in the same log.
        since = int(time.time()) - 1
        rows = self._client.containers.get(container).logs(stream=True, follow=True, since=since)
        rest = ""
        for part in rows:
            *lines, rest = (rest + part.decode(errors="replace")).split("\n")
            for line in lines:
                self._note(line)

    def _note(self, line: str) -> None:
        if found := TAKEN.search(line):
            self.taken[found[1]] += 1
        elif found := DONE.search(line):
            self.done[found[1]] += 1
            self.again += found[2] != "stored"
        elif DISCARDED in line:
            self.discarded += 1
