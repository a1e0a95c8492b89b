"""Architecture rules: each breach has a planted case, and what is allowed stays silent."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

from towpath.lint_plugin import ArchitectureChecker

ROOT = Path(__file__).parents[2]


def breaches(path: str, code: str) -> list[str]:
    """Return the codes of the breaches in a module at this path."""
    return [
        message.split()[0] for _, _, message, _ in ArchitectureChecker(ast.parse(code), path).run()
    ]


@pytest.mark.parametrize(
    ("path", "code", "wanted"),
    [
        ("towpath/images/x.py", "print('x')", "TWP4"),
        ("towpath/tasks/x.py", "def f():\n    print('x')", "TWP4"),
        ("towpath/images/x.py", "if coverage < 80: pass", "TWP6"),
        ("towpath/images/x.py", "ok = measured.complexity >= 10.5", "TWP6"),
        ("towpath/checks/lint/readers/x.py", "ok = -1 < facts['critical']", "TWP6"),
        ("towpath/tasks/x.py", "ok = facts.get('issues', 0) > 0", "TWP6"),
        ("noxfile.py", "x = '--cov-fail-under=80'", "TWP6"),
        ("tasks.py", "x = ['--max-complexity', str(number)]", "TWP6"),
    ],
)
def test_a_breach_is_found(path: str, code: str, wanted: str) -> None:
    """By its code, wherever in the module it stands."""
    assert breaches(path, code) == [wanted]


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("towpath/images/x.py", "from towpath.evidence import record\nfrom towpath import gates"),
        ("towpath/checks/lint/thresholds.py", "x = '--max-complexity'"),
        ("towpath/core/runner.py", "import subprocess"),
        ("towpath/core/terminal.py", "print('x')"),
        ("towpath/product/x.py", "print('x')"),
        ("towpath/images/x.py", "open('x')\nself.print('x')"),
        ("app/releases/x.py", "import os\nprint('x')\nimport towpaths"),
        ("tests/unit/x.py", "import subprocess\nimport towpath\nprint('x')"),
        ("noxfile.py", "import os\nprint('x')"),
        ("towpath/gates.py", "ok = coverage < 80"),
        ("towpath/images/x.py", "ok = coverage == 80 or len(critical) > 3 or age < 7"),
        ("towpath/images/x.py", "worse = coverage < before.coverage"),
        ("tests/unit/x.py", "assert coverage > 95"),
    ],
)
def test_what_is_allowed_is_silent(path: str, code: str) -> None:
    """Doors may touch the world, other houses have rules of their own."""
    assert breaches(path, code) == []


def test_a_breach_names_its_line() -> None:
    """As flake8 wants it: line, column, message, class."""
    found = list(
        ArchitectureChecker(ast.parse("\n\nif x:\n    print('x')"), "towpath/images/x.py").run()
    )

    assert found == [(4, 4, "TWP4 only towpath/core/terminal.py prints", ArchitectureChecker)]


@pytest.mark.parametrize(
    ("file", "word"),
    [
        (file, word)
        for file in ("pyproject.toml", ".flake8", "noxfile.py", "tasks.py")
        for word in ("fail_under", "fail-under", "max-complexity", "max_complexity", "maxfail")
    ],
)
def test_no_threshold_stands_outside_gates(file: str, word: str) -> None:
    """One place decides; a second one would decide otherwise one day."""
    text: Any = (ROOT / file).read_text() if (ROOT / file).is_file() else ""

    assert word not in text
