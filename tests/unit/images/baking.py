"""A project in a commit, and buildx as it builds and pushes it, in memory."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.fakes import Answer, TableRunner, outcome
from tests.layers import layer
from tests.registry_server import Store, push_image
from tests.releases import SOURCE, labels, workspace_at
from towpath.config.workspace import Workspace
from towpath.core.runner import Outcome
from towpath.source.snapshot import SourceSnapshot

BOTH = ("linux/amd64", "linux/arm64")
DOCKERFILE = """ARG PYTHON=3.13
FROM --platform=$BUILDPLATFORM python:${PYTHON}-slim AS builder
FROM python:${PYTHON}-slim AS base
FROM base AS testing
FROM base AS development
FROM base AS production
"""
STORE = '{"DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]]}'


def git(source: SourceSnapshot = SOURCE) -> dict[str, Answer]:
    """Answer as git does in the tree of this source."""
    return {
        "rev-parse": f"{source.commit}\n{SOURCE.tree}\n",
        "write-tree": f"{source.tree}\n",
        "ls-tree": "",
        " add --all": "",
        "git tag": "",
        "symbolic-ref": "main\n",
        "git log": f"{source.epoch}\n",
        "remote.origin": outcome(code=1),
    }


Push = Callable[[], str]


def builder(push: Push, base: Push | None = None) -> Answer:
    """Answer as buildx does: push each target, and name their digests in the metadata file."""

    def run(argv: tuple[str, ...]) -> Outcome:
        given = dict(part.split("=", 1) for part in argv if part.startswith("--") and "=" in part)
        targets = json.loads(Path(given["--file"]).read_text())["target"]
        assert set(argv) >= set(targets)
        digests = {
            name: (base or push)() if "dockerfile-inline" in body else push()
            for name, body in targets.items()
            if ",push=," in body["output"][0]
        }
        Path(given["--metadata-file"]).write_text(
            json.dumps({name: {"containerimage.digest": it} for name, it in digests.items()})
        )
        return outcome()

    return run


def pushing(store: Store, *, tag: str = "arrived", **options: Any) -> Push:
    """Return the act that pushes an image, as a builder would."""
    options = {"layer": layer(), **options}
    return lambda: push_image(store.client(), labels(), tag=tag, **options).digest


def session_with(root: Path, store: Store, push: Push, base: Push | None = None) -> Workspace:
    """Return a session in which a build pushes so, and finds this base."""
    answers: dict[str, Answer] = {
        "docker info": STORE,
        "buildx bake": builder(push, base),
        **git(),
    }
    (root / "Dockerfile").write_text(DOCKERFILE if base else "FROM scratch AS production\n")
    runner = TableRunner(answers)
    return workspace_at(root, store, runner, TOWPATH_STATE=str(root / "state"))
