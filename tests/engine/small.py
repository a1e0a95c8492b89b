"""A small project that is built in a moment, and shows which engine has built what."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from tests.engine.machine import Machine
from towpath.config.builders import BuilderNode
from towpath.config.workspace import Workspace
from towpath.core.errors import InterruptedRunError, RegistryNotFoundError
from towpath.core.runner import Runner
from towpath.engine import processes
from towpath.images import build
from towpath.registry import image as registries
from towpath.source import snapshot as source

REPOSITORY = "towpath/test-builders"
BOTH = ("linux/amd64", "linux/arm64")
DOCKERFILE = """FROM --platform=$BUILDPLATFORM python:3.13-slim AS builder
ARG TARGETARCH
COPY pause /tmp/
RUN if [ "$TARGETARCH" = arm64 ]; then sleep "$(cat /tmp/pause)"; fi \\
    && mkdir /tree && echo "$TARGETARCH" > /tree/built-for \\
    && touch --date=@315532800 /tree /tree/built-for
FROM python:3.13-slim AS production
COPY --from=builder /tree/ /srv/
"""


def project(
    local: Workspace,
    root: Path,
    *,
    pause: str = "0",
    node: BuilderNode | None = None,
    env: Mapping[str, str] | None = None,
) -> Workspace:
    """Return a session in a commit of a small project, built by two machines if one is named.

    `env` may name another engine than this machine's.
    """
    (root / "Dockerfile").write_text(DOCKERFILE)
    (root / "pause").write_text(pause)
    (root / ".gitignore").write_text("reports/\nstate/\n")
    found = _workspace(local, root, f"{REPOSITORY}-{uuid4().hex[:8]}", env or {})
    found.runner.run(["git", "init", "--quiet", "--initial-branch=main"])
    found.runner.run(["git", "add", "--all"])
    author = ["-c", "user.name=Test", "-c", "user.email=test@example.com"]
    found.runner.run(["git", *author, "commit", "--quiet", "--message=All of it"])
    builders = {node.platform: node} if node else {}
    return replace(found, config=replace(found.config, builders=builders))


def alone(local: Workspace, workspace: Workspace) -> Workspace:
    """Return the same project, built by this machine's engine only."""
    return _workspace(local, workspace.config.root, workspace.config.repository, {})


def _workspace(local: Workspace, root: Path, repository: str, more: Mapping[str, str]) -> Workspace:
    env = {**local.config.env, **more, "TOWPATH_STATE": str(root / "state")}
    config = replace(local.config, root=root, env=env, repository=repository, builders={})
    return Workspace(config, Runner(local.terminal, env=env, cwd=root), local.terminal)


def require_interrupted(workspace: Workspace, far: Machine) -> None:
    """Build what waits 61 s on another engine, press Ctrl-C, and see that nothing goes on there."""
    started = time.monotonic()

    def interrupt() -> None:
        while not far.runs("sleep 61") and time.monotonic() - started < 40:
            time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGINT)

    watcher = threading.Thread(target=interrupt)
    watcher.start()
    with pytest.raises((KeyboardInterrupt, InterruptedRunError)):
        build.build(workspace, source.read_source(workspace), platforms=BOTH)
    watcher.join()

    assert time.monotonic() - started < 50
    assert processes.until(lambda: not far.runs("sleep 61"), 10)
    with pytest.raises(RegistryNotFoundError):
        registries.client(workspace).resolve("built")
