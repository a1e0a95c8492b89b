"""A plugin of pytest that names the tests which options, settings or a conftest.py leave out.

`-p towpath.checks.tools.deselected_tests` writes a JSON list beside the JUnit report: the ids of
tests that were deselected, and the test files that were not collected. JUnit names only what was
not.
"""

from __future__ import annotations

import fnmatch
import json
import os
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import pytest

# What a worker of xdist tells the process that started it.
OUTPUT = "towpath_deselected"
ENDING = ".deselected.json"


def pytest_configure(config: pytest.Config) -> None:
    """Watch this process, a worker or the one that started it."""
    config.pluginmanager.register(DeselectedTestsPlugin(config), "towpath-deselected")


class DeselectedTestsPlugin:
    """Gathers what is left out; of workers, each of which collects everything, by their outputs."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.names: set[str] = set()

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        """Note tests that were collected and will not run."""
        self.names.update(item.nodeid for item in items)

    @pytest.hookimpl(wrapper=True)
    def pytest_ignore_collect(self, collection_path: Path) -> Generator[None, Any, Any]:
        """Note a file or directory of tests that is not collected."""
        ignored = yield
        if ignored and self._has_tests(collection_path):
            self.names.add(os.path.relpath(collection_path, self.config.rootpath))
        return ignored

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over what a worker has noted."""
        self.names.update(getattr(node, "workeroutput", {}).get(OUTPUT, ()))

    def pytest_sessionfinish(self) -> None:
        """Hand what a worker has noted to the process that started it."""
        if hasattr(self.config, "workeroutput"):
            self.config.workeroutput[OUTPUT] = sorted(self.names)

    def pytest_unconfigure(self) -> None:
        """Write what was noted, if there is a report to write it beside."""
        report = self.config.getoption("xmlpath", None)
        if report and not hasattr(self.config, "workeroutput"):
            file = Path(report).with_suffix(ENDING)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(sorted(self.names)), encoding="utf-8")

    def _has_tests(self, path: Path) -> bool:
        patterns = self.config.getini("python_files")
        if path.is_file():
            return any(fnmatch.fnmatch(path.name, pattern) for pattern in patterns)
        return not _is_no_source(path) and any(
            next(path.rglob(pattern), None) for pattern in patterns
        )


def _is_no_source(path: Path) -> bool:
    """Tell whether a directory is one that pytest passes over by itself: no source of a project."""
    usual = (".*", "*.egg", "_darcs", "build", "CVS", "dist", "node_modules", "venv", "{arch}")
    inside = path.name == "__pycache__" or (path / "pyvenv.cfg").is_file()
    return inside or any(fnmatch.fnmatch(path.name, pattern) for pattern in usual)
