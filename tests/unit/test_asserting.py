"""Every test of the project asserts something; the rule itself has planted cases."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.asserting import weak

TESTS = Path(__file__).parents[1]
ELSEWHERE = {"helpers.py": "def check_elsewhere(x):\n    assert x"}


def reasons(text: str, **others: str) -> list[str]:
    """Return what is weak in one module, beside others."""
    return [row.why for row in weak({"test_x.py": text, **others}) if row.path == "test_x.py"]


def test_no_test_of_ours_is_weak() -> None:
    """Unit, app, integration, end-to-end and performance tests alike."""
    modules = {
        str(file.relative_to(TESTS)): file.read_text(encoding="utf-8")
        for file in sorted(TESTS.rglob("*.py"))
        if "fixtures" not in file.parts
    }

    assert len([path for path in modules if Path(path).name.startswith("test_")]) > 50
    assert [str(row) for row in weak(modules)] == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("def test_a():\n    run()", "test_a asserts nothing"),
        ("async def test_a():\n    await run()", "test_a asserts nothing"),
        ("class TestA:\n    def test_a(self):\n        run()", "test_a asserts nothing"),
        ("def test_a():\n    mock.raises = 1", "test_a asserts nothing"),
        ("def test_a():\n    check_elsewhere(1)", "test_a asserts nothing"),
        ("from app import check_elsewhere as b\ndef test_a():\n    b(1)", "test_a asserts nothing"),
        ("def run():\n    assert 1 > x\ndef test_a():\n    x.run()", "test_a asserts nothing"),
        ("def test_a():\n    assert True", "an assertion that is always true"),
        ("def test_a():\n    assert 'text'", "an assertion that is always true"),
        ("def test_a():\n    assert (a, b)", "an assertion that is always true"),
    ],
)
def test_a_test_that_cannot_fail_is_found(text: str, why: str) -> None:
    """It only shows that nothing was raised."""
    assert reasons(text, **ELSEWHERE) == [why]


def test_a_mock_that_was_called_is_no_result() -> None:
    """It shows that the code is as it is, not that it does what it should."""
    text = "def test_a():\n    run(mock)\n    mock.assert_called_once_with(1)\n    assert mock.x"

    assert reasons(text) == ["assert_called_once_with asserts a call where a result belongs"]


@pytest.mark.parametrize(
    "text",
    [
        "def test_a():\n    assert run() == 1",
        "def test_a():\n    with pytest.raises(ValueError):\n        run()",
        "def test_a():\n    if run():\n        pytest.fail('x')",
        "def check(x):\n    assert x\ndef test_a():\n    check(1)",
        "def check(x):\n    assert x\ndef twice(x):\n    check(x)\ndef test_a():\n    twice(1)",
        "from tests.helpers import check_elsewhere\ndef test_a():\n    check_elsewhere(1)",
        "def run():\n    return 1",
    ],
)
def test_a_test_that_can_fail_is_silent(text: str) -> None:
    """By itself, or by a helper wherever that is."""
    assert reasons(text, **ELSEWHERE) == []


def test_a_weakness_names_its_line() -> None:
    """As linters do."""
    (found,) = weak({"test_x.py": "\ndef test_a():\n    run()"})

    assert str(found) == "test_x.py:2: test_a asserts nothing"
