"""The variables that settings read, in the forms in which projects read them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.adoption.projects import write
from towpath.adoption.code import Code
from towpath.adoption.find_variables import read_variables
from towpath.adoption.view import Directory


def read(tmp_path: Path, text: str, **beside: str) -> dict[str, bool]:
    """Return the variables that a file reads, and whether each is required."""
    write(tmp_path, {"settings.py": text, **{f"{name}.py": row for name, row in beside.items()}})
    tree = Directory(tmp_path)
    rows = read_variables(Code(tree), ["settings.py"], tree.paths)
    return {row.name: row.required for row in rows}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('x = os.environ["KEY_A"]', {"KEY_A": True}),
        ('x = os.environ.get("KEY_A")', {"KEY_A": False}),
        ('x = os.getenv("KEY_A", "b")', {"KEY_A": False}),
        ('os.environ["KEY_A"] = "1"', {}),
        ('x = "KEY_A" in os.environ', {"KEY_A": False}),
        ('from decouple import config\nx = config("KEY_A")', {"KEY_A": True}),
        ('from decouple import config\nx = config("KEY_A", default=1)', {"KEY_A": False}),
        ('import environ\nenv = environ.Env()\nx = env.bool("KEY_A")', {"KEY_A": True}),
        ('import environ\nenv = environ.Env()\nx = env("KEY_A", 1)', {"KEY_A": False}),
        ('from .base import *\nx = env("KEY_A")', {"KEY_A": True}),
        ("import dj_database_url\nx = dj_database_url.config()", {"DATABASE_URL": False}),
        ('x = dict(a=1)["KEY_A"]', {}),
        ('x = get("KEY_A")', {}),
        (
            'if "KEY_B" in os.environ:\n    x = os.environ["KEY_A"]',
            {"KEY_A": False, "KEY_B": False},
        ),
        ('if not DEBUG:\n    x = os.environ["KEY_A"]', {"KEY_A": True}),
        ('if USE_MAIL:\n    x = os.environ["KEY_A"]', {"KEY_A": False}),
        ('if not os.getenv("KEY_A"):\n    raise ValueError', {"KEY_A": True}),
        ('if not os.getenv("KEY_A"):\n    raise E\nx = os.getenv("KEY_A")', {"KEY_A": True}),
        ('x = os.environ["KEY_A"]\ny = os.environ.get("KEY_A")', {"KEY_A": False}),
    ],
)
def test_a_variable_is_required_where_nothing_does_without_it(
    tmp_path: Path, text: str, found: dict[str, bool]
) -> None:
    """A default, a test for it, or a condition of another variable make it optional."""
    assert read(tmp_path, text) == found


def test_a_function_of_the_project_that_reads_its_parameter_is_followed(tmp_path: Path) -> None:
    """Beside the settings, or in them."""
    helper = "import os\n\ndef flag(name, default=''):\n    return os.getenv(name, default)\n"

    assert read(tmp_path, 'from parsers import flag\nx = flag("KEY_A")', parsers=helper) == {
        "KEY_A": False
    }
