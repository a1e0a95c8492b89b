"""Linters for tests: each reads the files that it is given and says what the real one would say.

A file's text decides: a line `<tool> bad` is a finding of that tool, a line `<tool> crash` makes
it crash, `def NAME: N` is a function of complexity N.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Any

from tests.fakes import QuietTerminal, TableRunner, outcome
from tests.unit.checks.checked import ABSENT, SOURCE, evidence, said
from towpath import config
from towpath.checks.lint import lint
from towpath.config.workspace import Workspace
from towpath.core.errors import TowpathError
from towpath.core.runner import Outcome

# Those that are not named like the module that they are started by.
NAMES = {
    "mi": "maintainability",
    "towpath.checks.tools.complexity": "radon",
    "towpath.checks.tools.imports": "isort",
    "django-deploy-check": "django-deploy-check",
    "migrations": "migrations",
    "imports": "imports",
    "architecture": "architecture",
}
FUNCTION = re.compile(r"def (\w+): (\d+)")


class Desk:
    """A project in a directory, its git, and its linters; it remembers who was given what."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.asked: dict[str, list[str]] = {}

    def write(self, name: str, text: str) -> None:
        """Write a file of the project."""
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def workspace(self, env: dict[str, str] | None = None) -> Workspace:
        """Return a session that begins with nobody asked."""
        self.asked = {}
        answers = {
            **SOURCE,
            "ls-tree": lambda argv: outcome(self._tree()),
            f"{sys.executable} -m": self._lint,
        }
        settings = config.parse({"absent": ABSENT}, self.root, env or {})
        return Workspace(settings, TableRunner(answers), QuietTerminal(env))

    def _tree(self) -> str:
        names = []
        for folder, folders, files in os.walk(self.root):
            folders[:] = [name for name in folders if name != "reports"]
            names += [os.path.relpath(os.path.join(folder, name), self.root) for name in files]
        return "".join(
            f"100644 blob {hashlib.sha1((self.root / name).read_bytes()).hexdigest()}\t{name}\0"
            for name in sorted(names, key=PurePath)
        )

    def _lint(self, argv: tuple[str, ...]) -> Outcome:
        tool = next((name for words, name in NAMES.items() if words in argv), argv[2])
        given = [part for part in argv[3:] if (self.root / part).is_file()]
        self.asked[tool] = self.asked.get(tool, []) + given
        texts = {name: (self.root / name).read_text() for name in given}
        if any(f"{tool} crash" in text for text in texts.values()):
            return outcome(code=3, stderr="Traceback: it crashed")
        bad = [
            (name, number)
            for name, text in texts.items()
            for number, line in enumerate(text.splitlines(), 1)
            if line == f"{tool} bad"
        ]
        if "--check" in argv or argv[2] != tool or tool not in ("black", "isort"):
            said: Outcome = getattr(self, f"_{tool}".replace("-", "_"))(texts, bad)
            return said
        for name, text in texts.items():
            (self.root / name).write_text(text.replace(f"{tool} bad\n", ""))
        return outcome()

    def _mypy(self, texts: dict[str, str], bad: Sequence[tuple[str, int]]) -> Outcome:
        lines = [f"{name}:{line}: error: Bad  [misc]\n" for name, line in bad]
        end = f"Found {len(bad)} errors in 1 file (checked {len(texts)} source files)\n"
        good = f"Success: no issues found in {len(texts)} source files\n"
        return outcome("".join([*lines, end if bad else good]), code=int(bool(bad)))

    def _flake8(self, texts: dict[str, str], bad: Sequence[tuple[str, int]]) -> Outcome:
        lines = [f"{name}:{line}:1: E999 bad\n" for name, line in bad]
        excluded = [name for name, text in texts.items() if "flake8 excluded" in text]
        lines += [f"EXCLUDED: {name} (the settings exclude it)\n" for name in excluded]
        count = f"{len(texts) - len(excluded)}          total files processed\n"
        return outcome("".join([*lines, count]), code=int(bool(bad)))

    def _bandit(self, texts: dict[str, str], bad: Sequence[tuple[str, int]]) -> Outcome:
        rows = [
            {
                "filename": name,
                "line_number": line,
                "test_id": "B602",
                "issue_text": "bad",
                "issue_severity": "HIGH",
            }
            for name, line in bad
        ]
        document = {"errors": [], "metrics": dict.fromkeys(texts, {}), "results": rows}
        return outcome(json.dumps(document), code=int(bool(bad)))

    def _black(self, texts: dict[str, str], bad: Sequence[tuple[str, int]]) -> Outcome:
        names = sorted({name for name, _ in bad})
        lines = [f"would reformat {name}\n" for name in names]
        counts = f"{len(names)} files would be reformatted, " if names else ""
        left = f"{counts}{len(texts) - len(names)} files would be left unchanged.\n"
        return outcome(stderr="".join([*lines, left]), code=int(bool(bad)))

    def _isort(self, texts: dict[str, str], bad: Sequence[tuple[str, int]]) -> Outcome:
        names = {name for name, _ in bad}
        wrong = [
            f"ERROR: {self.root}/{name} Imports are incorrectly sorted and/or formatted.\n"
            for name in sorted(names)
        ]
        right = [f"SUCCESS: {name} Everything Looks Good!\n" for name in sorted({*texts} - names)]
        return outcome("".join(right), code=int(bool(bad)), stderr="".join(wrong))

    def _radon(self, texts: dict[str, str], bad: Sequence[tuple[str, int]]) -> Outcome:
        found = {
            name: [
                {"type": "function", "name": function, "lineno": 1, "complexity": int(number)}
                for function, number in FUNCTION.findall(text)
            ]
            for name, text in texts.items()
        }
        return outcome(json.dumps({name: rows for name, rows in found.items() if rows}))

    def _maintainability(self, texts: dict[str, str], bad: Sequence[tuple[str, int]]) -> Outcome:
        return outcome(json.dumps({name: {"mi": 100.0 - len(texts[name])} for name in texts}))

    def _probed(self, texts: dict[str, str], bad: Sequence[tuple[str, int]]) -> Outcome:
        rows = [{"path": name, "line": line, "code": "BAD", "message": ""} for name, line in bad]
        return outcome(json.dumps({"judged": list(texts), "findings": rows}))

    _django_deploy_check = _migrations = _imports = _architecture = _probed


APART = ("flake8", "bandit", "black", "isort", "radon", "maintainability")
TOGETHER = {"mypy", "django-deploy-check", "migrations"}
EVERY = (*APART, *TOGETHER, "architecture")


def linted(place: Path) -> Desk:
    """Make a project with three modules and a test, lint it once, and return its desk."""
    desk = Desk(place)
    desk.write("pyproject.toml", "[project]\n")
    desk.write("app/a.py", "def f: 3\n")
    desk.write("app/b.py", "flake8 bad\nisort bad\nblack bad\nbandit bad\nmypy bad\n")
    desk.write("app/none.py", "")
    desk.write("tests/test_a.py", "def g: 9\n")
    run(desk)
    return desk


def run(desk: Desk, *words: str) -> dict[str, Any]:
    """Lint, and return all that lint says, with what it does not depend on left out."""
    workspace = desk.workspace()
    try:
        lint.lint(workspace, words)
    except TowpathError as error:
        assert error.code in (3, 4)
    statement = evidence(workspace, "lint")
    table = [line for line in said(workspace).splitlines() if "│" in line]
    return {
        "facts": statement.facts,
        "verdicts": statement.verdicts,
        "reason": statement.reason,
        "told": [line for line in said(workspace).splitlines() if line.startswith("  app/")],
        "rows": len(table),
        "sarif": [file.read_text() for file in sorted((desk.root / "reports/sarif").glob("*"))],
    }


def asked(desk: Desk) -> dict[str, list[str]]:
    """Return which files each linter was given in the last run."""
    return desk.asked
