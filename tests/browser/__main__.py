"""Open the report and the dashboard in Chromium: `python -m tests.browser [options of pytest]`.

No evidence rests on these tests: the exit code says it. Without Chromium they fail.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from tests.browser import chromium
from towpath.checks.tests.run import name_paths
from towpath.config.workspace import Workspace
from towpath.core.errors import TowpathError
from towpath.tasks.context import guarded
from towpath.tasks.context import workspace as new_workspace

HERE = "tests/browser"
# Where conftest.py finds the path of the browser.
VARIABLE = "TOWPATH_CHROMIUM"


def main(arguments: Sequence[str]) -> int:
    """Run the tests and return pytest's exit code; an error of ours is shown and has its own."""
    codes: list[int] = []
    try:
        guarded(lambda: codes.append(run(new_workspace(), arguments)))
    except TowpathError as error:
        return error.code
    return codes[0]


def run(workspace: Workspace, arguments: Sequence[str]) -> int:
    """Run what the arguments name, else all, with a process for each core; return the code."""
    path = chromium.ensure(workspace)
    named = name_paths(workspace.config.root, arguments)
    words = ["--numprocesses=auto", *([] if named else [HERE]), *arguments]
    ended = workspace.runner.run(
        [sys.executable, "-m", "pytest", *words],
        env={VARIABLE: path},
        check=False,
        log=workspace.config.reports / "logs" / "pytest-browser.log",
        stream=True,
    )
    return ended.code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
