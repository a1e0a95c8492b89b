"""`python -m towpath`: its words, and errors that become the exit codes of the tasks."""

from __future__ import annotations

from pathlib import Path

import pytest

from towpath.__main__ import main


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in an empty project."""
    (tmp_path / "pyproject.toml").write_text("[tool.towpath]\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_gate_without_a_report_ends_with_3(capsys: pytest.CaptureFixture[str]) -> None:
    """And says what to run."""
    assert main(["gate", "lint"]) == 3
    assert "nox -s lint" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["lnt", "coverage"])
def test_a_gate_that_is_none_ends_with_2(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Coverage is judged with the tests."""
    assert main(["gate", name]) == 2
    assert f"Unknown check '{name}'" in capsys.readouterr().err


def test_the_first_gate_that_stops_gives_the_code() -> None:
    """An unknown one after it does not matter any more."""
    assert main(["gate", "lint", "nothing"]) == 3


def test_a_wrong_setting_ends_with_2(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything runs."""
    (project / "pyproject.toml").write_text("[tool.towpath]\nnme = 1\n")

    assert main(["gate", "lint"]) == 2
    assert "Did you mean 'name'?" in capsys.readouterr().err


def test_coverage_without_tests_ends_with_3() -> None:
    """There is nothing to join."""
    assert main(["check", "coverage"]) == 3


@pytest.mark.parametrize("argv", [[], ["nothing"], ["check", "nothing"], ["gate"]])
def test_unknown_words_end_with_2(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """With the usage."""
    with pytest.raises(SystemExit) as caught:
        main(argv)

    assert caught.value.code == 2
    assert "usage: python -m towpath" in capsys.readouterr().err


def test_help_names_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    """Each with the first sentence of its docstring."""
    with pytest.raises(SystemExit):
        main(["--help"])

    shown = capsys.readouterr().out
    assert all(word in shown for word in ("begin", "check", "gate", "Judge what the last run"))
