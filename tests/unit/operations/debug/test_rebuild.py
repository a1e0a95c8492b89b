"""A build without cache that shows everything and keeps its log."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.fakes import Answer, TableRunner, outcome
from tests.registry_server import Store
from tests.releases import workspace_at
from tests.unit.images.baking import DOCKERFILE, STORE, git
from towpath.config.workspace import Workspace
from towpath.core.errors import ConfigurationError
from towpath.core.runner import Outcome
from towpath.images.buildx import BuildFailedError
from towpath.operations.debug import rebuild as debugging

pytestmark = pytest.mark.door

FAILED = """#8 [testing 2/2] RUN make check
#8 0.1 one of the checks
#8 0.2 fails
#8 ERROR: process "/bin/sh -c make check" did not complete successfully: exit code: 2
"""


def session(root: Path, store: Store, bake: Answer) -> tuple[Workspace, TableRunner]:
    """Return a project in a commit whose builds end so."""
    (root / "Dockerfile").write_text(DOCKERFILE)
    runner = TableRunner({"docker info": STORE, "buildx bake": bake, **git()})
    return workspace_at(root, store, runner), runner


def test_it_is_the_real_build_without_cache(store: Store, tmp_path: Path) -> None:
    """One stage for one platform into the engine, with a tag of its own; nothing is pushed."""
    seen: list[dict[str, object]] = []

    def bake(argv: tuple[str, ...]) -> Outcome:
        file = next(word for word in argv if word.startswith("--file=")).partition("=")[2]
        seen.append(json.loads(Path(file).read_text())["target"])
        return outcome()

    workspace, runner = session(tmp_path, store, bake)

    name = debugging.rebuild(workspace, "testing", "linux/arm64")

    assert name == f"{workspace.config.repository}:debug-testing"
    (target,) = seen
    body = target["testing"]
    assert isinstance(body, dict)
    assert body["platforms"] == ["linux/arm64"]
    assert body["output"] == [f"type=docker,oci-mediatypes=true,name={name}"]
    (argv,) = [row for row in runner.calls if "bake" in row]
    assert argv[-2:] == ("--no-cache", "testing")
    assert "--progress=plain" in argv


def test_the_step_that_failed_comes_last(store: Store, tmp_path: Path) -> None:
    """With its last lines, and the log that is kept."""
    log = tmp_path / "reports" / "logs" / "debug-build.log"

    def bake(_argv: tuple[str, ...]) -> Outcome:
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(FAILED)
        return outcome(code=1)

    workspace, _ = session(tmp_path, store, bake)

    with pytest.raises(BuildFailedError) as caught:
        debugging.rebuild(workspace, "testing", "linux/amd64")

    assert caught.value.lines() == [
        "The build failed at [testing 2/2].",
        "why: one of the checks\nfails\nIt did not complete successfully: exit code: 2",
        "next: See reports/logs/debug-build.log.",
    ]


def test_every_stage_may_be_named_and_no_other(store: Store, tmp_path: Path) -> None:
    """Also one that is no target of a build."""
    workspace, _ = session(tmp_path, store, "")

    assert debugging.rebuild(workspace, "builder", "linux/amd64").endswith(":debug-builder")
    with pytest.raises(ConfigurationError) as caught:
        debugging.rebuild(workspace, "bilder", "linux/amd64")

    assert caught.value.lines() == [
        "Unknown target 'bilder'. Did you mean 'builder'?",
        "why: The stages of the Dockerfile are builder, base, testing, development, production.",
    ]


def test_a_project_without_a_dockerfile_is_said(store: Store, tmp_path: Path) -> None:
    """Exit code 2, before anything is built."""
    workspace = workspace_at(tmp_path, store)

    with pytest.raises(ConfigurationError) as caught:
        debugging.rebuild(workspace, "testing", "linux/amd64")

    assert caught.value.what == "The file Dockerfile does not exist."
