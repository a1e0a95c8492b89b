"""Engines and buildx in memory: which machines answer, and which builders there are."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.fakes import FakeRunner
from towpath.core.errors import CommandFailedError, InterruptedRunError
from towpath.core.runner import Outcome, command_failed

STORE = "io.containerd.snapshotter.v1"
HERE = ""
# What a push of a target for these platforms leaves; returns its digest.
Push = Callable[[str, str, list[str]], str]


@dataclass
class Engine:
    """One engine: its machine, whether it keeps images in containerd, how it fails."""

    machine: str = "aarch64"
    store: bool = True
    starts: bool = True
    silent: bool = False
    id: str = "an-engine"

    def info(self) -> str:
        """Return what it says of itself."""
        status = [["driver-type", STORE]] if self.store else []
        said = {"ID": self.id, "OSType": "linux", "Architecture": self.machine}
        return json.dumps({**said, "DriverStatus": status})


@dataclass
class Machines(FakeRunner):
    """A runner in whose world these engines answer, by DOCKER_HOST; the first is this machine's.

    `interrupted` is the command at which Ctrl-C comes.
    """

    engines: dict[str, Engine]
    push: Push | None = None
    builders: dict[str, str] = field(default_factory=dict)
    contexts: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    envs: list[dict[str, str]] = field(default_factory=list)
    material: list[dict[str, str]] = field(default_factory=list)
    interrupted: str = ""

    def answer(
        self, argv: tuple[str, ...], env: dict[str, str], stdin: str | None, check: bool
    ) -> Outcome:
        """Do what Docker's client would do."""
        line = " ".join(argv)
        self.lines.append(line)
        self.envs.append(env)
        if self.interrupted and self.interrupted in line:
            self.interrupted = ""
            raise InterruptedRunError("Interrupted.")
        code, said = self._said(list(argv[1:]), env)
        found = Outcome(argv, code, said, "" if code == 0 else "it broke", 0.1)
        if check and code:
            raise command_failed(found, line)
        return found

    def _said(self, words: list[str], env: dict[str, str]) -> tuple[int, str]:
        if words[0] == "info":
            return self._info(env)
        act = {"context": self._context, "buildx": self._buildx}[words[0]]
        return act(words[1], words[2:], env)

    def _info(self, env: dict[str, str]) -> tuple[int, str]:
        folder = env.get("DOCKER_CERT_PATH", "")
        if folder:
            self.material.append({row.name: row.read_text() for row in Path(folder).iterdir()})
        engine = self.engines.get(env.get("DOCKER_HOST", HERE))
        return 0, engine.info() if engine else json.dumps({"ServerErrors": ["Cannot connect"]})

    def _context(self, act: str, words: list[str], _env: dict[str, str]) -> tuple[int, str]:
        if act == "create":
            self.contexts[words[0]] = words[1].removeprefix("--docker=host=").partition(",")[0]
            return 0, ""
        if act == "inspect":
            return (0 if words[0] in self.contexts else 1), ""
        return (0 if self.contexts.pop(words[-1], None) else 1), ""

    def _buildx(self, act: str, words: list[str], env: dict[str, str]) -> tuple[int, str]:
        if act == "create":
            name = words[0].removeprefix("--name=")
            if name in self.contexts:
                return 1, ""
            again = any(word.startswith("--node=") for word in words)
            self.builders[name] = HERE if again else self.contexts.get(words[-1], words[-1])
            return 0, name
        if act == "rm":
            return self._remove(words[-1])
        if act == "inspect":
            place = self.builders.get(words[-1])
            return (0 if place in self.engines and self.engines[place].starts else 1), ""
        return self._bake(words, env)

    def _remove(self, name: str) -> tuple[int, str]:
        """Forget a builder, but for one whose engine is asked and does not answer."""
        engine = self.engines.get(self.builders.get(name, HERE))
        if engine is not None and engine.silent:
            raise CommandFailedError("docker timed out after 45 s.")
        if name not in self.builders or engine is None:
            return 1, ""
        del self.builders[name]
        return 0, ""

    def _bake(self, words: list[str], env: dict[str, str]) -> tuple[int, str]:
        given = dict(word.split("=", 1) for word in words if "=" in word)
        body: dict[str, Any] = json.loads(Path(given["--file"]).read_text())["target"]
        place = self.builders.get(given.get("--builder", ""), env.get("DOCKER_HOST", HERE))
        assert self.push is not None
        digests = {
            name: {"containerimage.digest": self.push(place, name, target["platforms"])}
            for name, target in body.items()
        }
        Path(given["--metadata-file"]).write_text(json.dumps(digests))
        return 0, ""
