"""One solve: what is written for buildx, and which builder gets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.fakes import QuietTerminal, TableRunner, outcome
from tests.registry_server import Store
from tests.releases import workspace_at
from towpath.config import parse
from towpath.config.workspace import Workspace
from towpath.core.errors import NothingToJudgeError
from towpath.core.runner import Outcome
from towpath.images import bake
from towpath.images.bake import Order

STORE = '{"DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]]}'
DIGEST = f"sha256:{'0' * 64}"
ORDER = Order(("production", "testing"), ("linux/amd64",), {"VERSION": "1"}, {"a": "b"})


def test_targets_and_their_one_base_are_one_definition(tmp_path: Path) -> None:
    """Two targets on one base are three images, and each digest finds its target."""
    seen: dict[str, dict[str, object]] = {}

    def run(argv: tuple[str, ...]) -> Outcome:
        given = dict(part.split("=", 1) for part in argv if part.startswith("--"))
        seen.update(json.loads(Path(given["--file"]).read_text())["target"])
        digests = {name: {"containerimage.digest": DIGEST} for name in argv[-3:]}
        Path(given["--metadata-file"]).write_text(json.dumps(digests))
        return outcome()

    (tmp_path / "Dockerfile").write_text(
        "FROM python:3.13-slim AS production\nFROM production AS testing\n"
    )
    workspace = workspace_at(tmp_path, Store(port=1), TableRunner({"info": STORE, "bake": run}))

    solved = bake.solve(workspace, ORDER)

    assert seen.keys() == {"production", "testing", "base-0"}
    assert seen["base-0"]["dockerfile-inline"] == "FROM python:3.13-slim\n"
    assert solved.digests == {"production": DIGEST, "testing": DIGEST}
    assert solved.bases["testing"] == ("python:3.13-slim", DIGEST)
    assert list((tmp_path / "reports" / "build").iterdir()) == []


def test_a_builder_that_wrote_nothing_is_nothing_to_judge(tmp_path: Path) -> None:
    """Exit code 0 without metadata names no digest."""
    (tmp_path / "Dockerfile").write_text("FROM scratch AS production\nFROM scratch AS testing\n")
    workspace = workspace_at(tmp_path, Store(port=1), TableRunner({"info": STORE, "bake": ""}))

    with pytest.raises(NothingToJudgeError, match="metadata"):
        bake.solve(workspace, ORDER)


@pytest.mark.parametrize(
    ("image", "text", "stage"),
    [
        ({}, "FROM a AS base\nFROM base\n", "production"),
        ({"dockerfile": "Dockerfile"}, "FROM a AS base\nFROM base\n", "1"),
        ({"dockerfile": "Dockerfile"}, "FROM a AS production\nFROM b AS tests\n", "production"),
        ({"dockerfile": "Dockerfile"}, "FROM a AS builder\nFROM b AS app\n", "app"),
        ({"dockerfile": "Dockerfile", "target": "x"}, "FROM a AS x\nFROM b\n", "x"),
    ],
)
def test_an_own_dockerfile_is_built_to_its_last_stage(
    tmp_path: Path, image: dict[str, str], text: str, stage: str
) -> None:
    """As `docker build` does, unless it has a stage of our name, or the settings name one."""
    (tmp_path / "Dockerfile").write_text(text)
    found = Workspace(parse({"image": image}, tmp_path, {}), TableRunner({}), QuietTerminal())

    assert bake.stage_of(found, "production") == stage
    assert bake.stage_of(found, "testing") == "testing"
