"""A test that reads what its check ignores is found out."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.reading import Reading, source_of

IGNORED = {"tests": ("docs/",), "integration": ("docs/", "tests/unit/")}


@pytest.mark.parametrize(
    ("test", "opened", "found"),
    [
        ("tests/unit/test_a.py::test", "docs/a.md", ("docs/a.md",)),
        ("tests/app/test_a.py::test", "docs/a.md", ("docs/a.md",)),
        ("tests/unit/test_a.py::test", "README.md", ()),
        ("tests/unit/test_a.py::test", "tests/unit/x.py", ()),
        ("tests/integration/test_a.py::test", "tests/unit/x.py", ("tests/unit/x.py",)),
        (
            "tests/integration/test_a.py::test",
            "tests/unit/__pycache__/x.cpython-313-pytest-8.pyc",
            ("tests/unit/x.py",),
        ),
        ("tests/e2e/test_a.py::test", "docs/a.md", ()),
        ("tests/unit/test_a.py::test", ".venv/docs/a.md", ()),
        ("tests/unit/test_a.py::test", "../docs/a.md", ()),
    ],
)
def test_what_a_check_ignores_its_tests_may_not_open(
    tmp_path: Path, test: str, opened: str, found: tuple[str, ...]
) -> None:
    """A compiled module counts as its source; the virtual environments are not the project."""
    reading = Reading(tmp_path, IGNORED)

    reading.see("open", (str(tmp_path / opened), "r", 0))

    assert reading.forbidden(test) == found
    assert reading.forbidden(test) == ()


def test_other_events_and_open_files_are_no_reading(tmp_path: Path) -> None:
    """A number is a file that is open already."""
    reading = Reading(tmp_path, IGNORED)

    reading.see("import", (str(tmp_path / "docs/a.md"),))
    reading.see("open", (3, "r", 0))

    assert reading.forbidden("tests/unit/test_a.py::test") == ()


def test_a_path_may_be_given_as_bytes(tmp_path: Path) -> None:
    """As the operating system has it."""
    reading = Reading(tmp_path, IGNORED)

    reading.see("open", (bytes(tmp_path / "docs" / "a.md"), "r", 0))

    assert reading.forbidden("tests/unit/test_a.py::test") == ("docs/a.md",)


def test_a_source_is_itself() -> None:
    """And a compiled one its source."""
    assert source_of("app/a.py") == "app/a.py"
    assert source_of("app/__pycache__/a.cpython-313.pyc") == "app/a.py"
