"""Run the tests of the engine: `python -m tests.engine [--fresh] [paths] [options of pytest]`.

An engine is brought up where none answers. No evidence rests on these tests: the exit code says it.
They do not run again while nothing changed since they all passed.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path

from towpath.checks.tests import tests_commands as testing
from towpath.checks.tests.run import name_paths
from towpath.config.workspace import Workspace
from towpath.core import environment, files
from towpath.core.errors import TowpathError
from towpath.evidence import stage_inputs
from towpath.source import snapshot as source
from towpath.tasks.context import guarded, with_engine
from towpath.tasks.context import workspace as new_workspace

FRESH = "--fresh"
# As with the services, most of it is waiting; each file keeps its images in one process.
FIXED = ("--numprocesses=3", "--dist=loadfile")
HERE = "tests/engine"


def main(arguments: Sequence[str]) -> int:
    """Run the tests and return pytest's exit code; an error of ours is shown and has its own."""
    codes: list[int] = []
    try:
        guarded(lambda: codes.append(run(new_workspace(), arguments)))
    except TowpathError as error:
        return error.code
    return codes[0]


def run(workspace: Workspace, arguments: Sequence[str]) -> int:
    """Run what the arguments name, else all that did not pass on these files; return the code."""
    passed = workspace.config.state / "engine-tests-passed"
    inputs = inputs_of(workspace)
    if not arguments and workspace.config.may_reuse and holds(passed, inputs):
        workspace.terminal.say("engine: unchanged since it passed (--fresh runs it again)")
        return 0
    code = _pytest(with_engine(workspace), options(workspace.config.root, arguments))
    # What changed while they ran may have been seen by none of them.
    if not code and not set(arguments) - {FRESH} and inputs_of(workspace) == inputs:
        files.write_atomically(passed, inputs.encode())
    return code


def inputs_of(workspace: Workspace) -> str:
    """Return a hash of what can change how the tests end: files, Python, machine, variables."""
    seen = environment.inputs(stage_inputs.passed_on(workspace.config, "integration"))
    known = [stage_inputs.check_inputs(workspace, source.read_files(workspace), "engine"), *seen]
    # One of the variables may be a password.
    return hashlib.sha256("\0".join(known).encode()).hexdigest()


def holds(passed: Path, inputs: str) -> bool:
    """Tell whether the tests passed on these inputs."""
    try:
        return passed.read_text(encoding="utf-8") == inputs
    except (OSError, ValueError):
        return False


def options(root: Path, arguments: Sequence[str]) -> list[str]:
    """Return what pytest is given: all tests of the engine, or those that the arguments name."""
    own = [word for word in arguments if word != FRESH]
    return [*FIXED, *([] if name_paths(root, own) else [HERE]), *own]


def _pytest(workspace: Workspace, words: Sequence[str]) -> int:
    """Run pytest; the tests see what the integration tests see of the caller's variables."""
    ended = workspace.runner.run(
        testing.pytest(sys.executable, words),
        env=stage_inputs.passed_on(workspace.config, "integration"),
        check=False,
        log=workspace.config.reports / "logs" / "pytest-engine.log",
        stream=True,
    )
    return ended.code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
