"""The walls: each breach has a planted case, and what is allowed stays silent."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

from towpath import lint_plugin
from towpath.lint_plugin import Walls

ROOT = Path(__file__).parents[2]


def breaches(path: str, code: str) -> list[str]:
    """Return the codes of the breaches in a module at this path."""
    return [message.split()[0] for _, _, message, _ in Walls(ast.parse(code), path).run()]


@pytest.mark.parametrize(
    ("path", "code", "wanted"),
    [
        ("towpath/readers/x.py", "import towpath.images.build", "TWP1"),
        ("towpath/readers/x.py", "from towpath.flows import build", "TWP1"),
        ("towpath/gates.py", "from towpath import images, commands", "TWP1"),
        ("towpath/core/errors.py", "from towpath.images import nearest", "TWP1"),
        ("towpath/flows/x.py", "from towpath.tasks.context import session", "TWP1"),
        ("./towpath/clients/x.py", "from towpath import flows", "TWP1"),
        ("towpath/gates.py", "import os", "TWP2"),
        ("towpath/commands/x.py", "from os import path", "TWP2"),
        ("towpath/readers/x.py", "import urllib.request", "TWP2"),
        ("towpath/readers/x.py", "from urllib import request", "TWP2"),
        ("towpath/promotion/availability.py", "open('x')", "TWP2"),
        ("towpath/flows/x.py", "import subprocess", "TWP3"),
        ("towpath/flows/x.py", "from subprocess import run", "TWP3"),
        ("towpath/flows/x.py", "print('x')", "TWP4"),
        ("towpath/tasks/x.py", "def f():\n    print('x')", "TWP4"),
        ("towpath/flows/x.py", "if coverage < 80: pass", "TWP6"),
        ("towpath/flows/x.py", "ok = measured.complexity >= 10.5", "TWP6"),
        ("towpath/readers/x.py", "ok = -1 < facts['critical']", "TWP6"),
        ("towpath/tasks/x.py", "ok = facts.get('issues', 0) > 0", "TWP6"),
        ("noxfile.py", "x = '--cov-fail-under=80'", "TWP6"),
        ("tasks.py", "x = ['--max-complexity', str(number)]", "TWP6"),
        ("app/releases/x.py", "import towpath", "TWP5"),
        ("app/releases/x.py", "from towpath.gates import GATES", "TWP5"),
    ],
)
def test_a_breach_is_found(path: str, code: str, wanted: str) -> None:
    """By its code, wherever in the module it stands."""
    assert breaches(path, code) == [wanted]


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("towpath/flows/x.py", "from towpath.flows import stages\nfrom towpath import gates"),
        ("towpath/readers/x.py", "from urllib.parse import urlsplit"),
        ("towpath/readers/x.py", "from . import y"),
        ("towpath/core/runner.py", "import subprocess"),
        ("towpath/core/terminal.py", "print('x')"),
        ("towpath/inside/x.py", "print('x')"),
        ("towpath/flows/x.py", "open('x')\nself.print('x')"),
        ("app/releases/x.py", "import os\nprint('x')\nimport towpaths"),
        ("tests/unit/x.py", "import subprocess\nimport towpath\nprint('x')"),
        ("noxfile.py", "import os\nprint('x')"),
        ("towpath/gates.py", "ok = coverage < 80"),
        ("towpath/flows/x.py", "ok = coverage == 80 or len(critical) > 3 or age < 7"),
        ("towpath/flows/x.py", "worse = coverage < before.coverage"),
        ("tests/unit/x.py", "assert coverage > 95"),
    ],
)
def test_what_is_allowed_is_silent(path: str, code: str) -> None:
    """Doors may touch the world, other houses have rules of their own."""
    assert breaches(path, code) == []


def test_a_breach_names_its_line() -> None:
    """As flake8 wants it: line, column, message, class."""
    found = list(Walls(ast.parse("\n\nif x:\n    print('x')"), "towpath/flows/x.py").run())

    assert found == [(4, 4, "TWP4 only towpath/core/terminal.py prints", Walls)]


def test_every_room_has_a_layer() -> None:
    """A room in no layer would be at the bottom, where all may import it."""
    rooms = {file.stem for file in (ROOT / "towpath").iterdir() if file.stem != "__pycache__"}
    layered = {room for layer in lint_plugin.LAYERS for room in layer}

    assert rooms - layered == {"__init__", "py"}


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
