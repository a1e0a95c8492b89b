"""Which files of the project a test opens: those that its check ignores, it may not.

A check is not run again when only such files change, so a test that reads one would be believed
when it should have run.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path, PurePath

from towpath.core import inputs

# What lies in the project's directory and is no file of the project.
FOREIGN = {".git", ".nox", ".venv", "reports"}


class Reading:
    """Keeps the path of every file below a root that this process opens."""

    def __init__(self, root: Path, ignored: Mapping[str, tuple[str, ...]]) -> None:
        """Take the project's root, and what each check ignores."""
        self.root = f"{root}{os.sep}"
        self.ignored = ignored
        self.opened: set[str] = set()

    def see(self, event: str, arguments: tuple[object, ...]) -> None:
        """Take note of an audit event of Python, if it is that a file of ours is opened."""
        if event != "open" or not isinstance(arguments[0], str | bytes):
            return
        path = os.path.abspath(os.fsdecode(arguments[0]))
        if path.startswith(self.root):
            self.opened.add(path.removeprefix(self.root))

    def forbidden(self, test: str) -> tuple[str, ...]:
        """Return what was opened since the last call and is ignored by this test's check."""
        opened, self.opened = self.opened, set()
        patterns = self.ignored.get(check_of(test), ())
        files = {source_of(path) for path in opened if PurePath(path).parts[0] not in FOREIGN}
        return inputs.ignored(sorted(files), patterns)


def check_of(test: str) -> str:
    """Return the check that runs a test; no evidence rests on the others."""
    places = {
        "tests/unit/": "tests",
        "tests/app/": "tests",
        "tests/integration/": "integration",
        "tests/performance/": "performance",
    }
    return next((check for place, check in places.items() if test.startswith(place)), "")


def source_of(path: str) -> str:
    """Return the source of a compiled module, and any other path as it is."""
    pure = PurePath(path)
    if pure.parent.name != "__pycache__":
        return path
    return str(pure.parent.parent / f"{pure.name.partition('.')[0]}.py")
