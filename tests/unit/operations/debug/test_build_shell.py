"""A shell in the layer before the step that fails: what is built, said, opened and removed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.fakes import Answer, QuietTerminal, TableRunner, outcome
from tests.registry_server import Store
from tests.releases import workspace_at
from tests.unit.images.baking import STORE, git
from towpath.core.errors import CommandFailedError
from towpath.core.runner import Outcome
from towpath.images.buildx import BuildFailedError
from towpath.operations.debug.build_shell import open_build_shell

pytestmark = pytest.mark.door

DOCKERFILE = """FROM python:3.13-slim AS base
FROM base AS testing
ARG DEPTH=1
COPY tests /tests
RUN --mount=type=bind,source=docker,target=/docker \\
    sh /docker/check.sh
FROM base AS production
"""
FAILED = """#8 [testing 2/2] RUN --mount=type=bind,source=docker,target=/docker sh /docker/check.sh
#8 0.1 one of the checks fails
#8 ERROR: process "/bin/sh -c sh /docker/check.sh" did not complete successfully: exit code: 2
Dockerfile:{line}
--------------------
   {line} | >>> RUN --mount
--------------------
"""
LAYER = """FROM python:3.13-slim AS base
FROM base AS testing
ARG DEPTH=1
COPY tests /tests
ENV DEPTH="${DEPTH}"
"""
COPIES = 'COPY ["docker", "/docker"]\n'
HAS_SHELL, SHELL, REMOVE = "--network=none", "--interactive --tty", "image rm"


class Builds:
    """Answers as buildx does: builds that fail with a log, and others; keeps what was asked."""

    def __init__(self, root: Path, *logs: str) -> None:
        self.logs, self.root = list(logs), root
        self.asked: list[dict[str, object]] = []

    def __call__(self, argv: tuple[str, ...]) -> Outcome:
        given = dict(word.split("=", 1) for word in argv if "=" in word)
        (body,) = json.loads(Path(given["--file"]).read_text())["target"].values()
        self.asked.append(body)
        log = self.logs.pop(0) if self.logs else ""
        if not log:
            return outcome()
        names = ["debug-shell.log", "debug-shell-layer.log"]
        for name in names:
            file = self.root / "reports" / "logs" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(log)
        return outcome(code=1)


def opened(root: Path, store: Store, builds: Builds, shell: Answer = "") -> tuple[str, TableRunner]:
    """Open a shell in the stage testing; return what was said and the commands that ran."""
    (root / "Dockerfile").write_text(DOCKERFILE)
    answers: dict[str, Answer] = {"docker info": STORE, "buildx bake": builds, **git()}
    runner = TableRunner({**answers, HAS_SHELL: shell, SHELL: "", REMOVE: ""})
    workspace = workspace_at(root, store, runner)
    open_build_shell(workspace, "testing", "linux/amd64")
    assert isinstance(workspace.terminal, QuietTerminal)
    return workspace.terminal.said, runner


def test_the_layer_before_the_step_is_built_and_opened(store: Store, tmp_path: Path) -> None:
    """With the cache; the step, its place and its output are said first, and the name goes."""
    builds = Builds(tmp_path, FAILED.format(line=5))

    said, runner = opened(tmp_path, store, builds)

    first, second = builds.asked
    assert first["target"] == "testing"
    assert "target" not in second
    # What buildx would take for variables of its own is escaped in the definition.
    assert second["dockerfile-inline"] == (LAYER + COPIES).replace("${", "$${")
    assert all("--no-cache" not in row for row in runner.calls)
    lines = said.splitlines()
    assert "The build failed at [testing 2/2]. Its last lines:" in lines
    assert "  one of the checks fails" in lines
    step = "RUN --mount=type=bind,source=docker,target=/docker     sh /docker/check.sh"
    assert f"The step is line 5 of the Dockerfile: {step}" in " ".join(said.split("\n"))
    assert "Shell in the layer before this step; exit ends it." in lines
    name = "towpath/dashboard:debug-testing-layer"
    assert runner.calls[-2][:5] == ("docker", "run", "--rm", "--interactive", "--tty")
    assert runner.calls[-2][-3] == name
    assert runner.calls[-1] == ("docker", "image", "rm", "--force", name)


def test_where_a_mount_is_what_fails_the_shell_does_without_it(
    store: Store, tmp_path: Path
) -> None:
    """It says so."""
    builds = Builds(tmp_path, FAILED.format(line=5), FAILED.format(line=6))

    said, _ = opened(tmp_path, store, builds)

    assert builds.asked[2]["dockerfile-inline"] == LAYER.replace("${", "$${")
    assert "What the step mounts cannot be copied; the shell lacks it." in said


def test_a_build_that_succeeds_opens_what_it_built(store: Store, tmp_path: Path) -> None:
    """Nothing is left to find out, and it may still be looked into."""
    said, runner = opened(tmp_path, store, Builds(tmp_path))

    assert "Every step of testing succeeded." in said
    assert "towpath/dashboard:debug-testing" in runner.calls[-2]
    assert runner.calls[-1][-1] == "towpath/dashboard:debug-testing"


@pytest.mark.parametrize(
    ("log", "what"),
    [
        (FAILED.format(line=2), "No layer is before it, so that"),
        (FAILED.replace(">>>", ""), "buildx does not name its line, so that"),
    ],
)
def test_without_a_layer_before_it_says_so(
    store: Store, tmp_path: Path, log: str, what: str
) -> None:
    """A base image that cannot be had; the step and its output are in the error."""
    with pytest.raises(BuildFailedError) as caught:
        opened(tmp_path, store, Builds(tmp_path, log))

    expected = f"The build failed at [testing 2/2]. {what} there is nothing to open a shell in."
    assert caught.value.what == expected
    assert "one of the checks fails" in caught.value.why


def test_a_layer_without_a_shell_is_said_and_its_name_removed(store: Store, tmp_path: Path) -> None:
    """As one that begins with scratch."""
    refusal = outcome(code=127, stderr='exec: "sh": executable file not found in $PATH')
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)

    with pytest.raises(CommandFailedError) as caught:
        opened(tmp_path, store, Builds(tmp_path, FAILED.format(line=5)), refusal)

    assert caught.value.lines()[:2] == [
        "The layer before the step has no shell.",
        'why: exec: "sh": executable file not found in $PATH',
    ]


def test_another_build_that_fails_is_its_own_error(store: Store, tmp_path: Path) -> None:
    """As an error of buildx itself, which is of no step."""
    with pytest.raises(CommandFailedError) as caught:
        opened(tmp_path, store, Builds(tmp_path, "ERROR: no such driver\n"))

    assert not isinstance(caught.value, BuildFailedError)
