"""A linter is run, or let write, or only some are; what comes out is judged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.checks.checked import calls, evidence, said
from tests.unit.checks.lint.linters import Desk, asked, linted, run
from towpath.checks import records
from towpath.checks.lint import lint
from towpath.checks.lint.linters_commands import in_use
from towpath.config.checking import STANDARD
from towpath.core.errors import ConfigurationError, GateFailedError, NothingToJudgeError
from towpath.evidence import record as stages


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Return a project that was linted once."""
    return linted(tmp_path)


def test_a_part_has_no_evidence(desk: Desk) -> None:
    """Only who is named runs, in the order of the table; what a gate could judge is untouched."""
    workspace = desk.workspace()
    before = stages.require(workspace.config, "lint")

    with pytest.raises(GateFailedError, match="This part of lint failed: LINT"):
        lint.lint(workspace, ["mypy", "black", "--fresh"])

    assert set(asked(desk)) == {"mypy", "black"}
    assert stages.require(workspace.config, "lint") == before
    everywhere = [row for row in in_use(STANDARD) if not row.only_with]
    assert len(records.names(workspace.config, "lint")) == len(everywhere)
    assert "no verdict and no evidence will be written" in said(workspace)
    assert "app/b.py: BLACK" in said(workspace) and "flake8" not in said(workspace)


def test_a_part_that_is_clean_passes_and_one_that_crashed_does_not(desk: Desk) -> None:
    """Radon's number is judged by its own gate."""
    lint.lint(desk.workspace(), ["radon"])
    desk.write("app/a.py", "def f: 10\n")
    with pytest.raises(GateFailedError, match="COMPLEXITY"):
        lint.lint(desk.workspace(), ["radon"])
    desk.write("app/a.py", "radon crash\n")
    with pytest.raises(NothingToJudgeError, match="No verdict for this part of lint"):
        lint.lint(desk.workspace(), ["radon"])


@pytest.mark.parametrize(
    ("word", "what"),
    [
        ("flak8", "Unknown linter 'flak8'. Did you mean 'flake8'?"),
        ("--fx", "Unknown option '--fx'. Did you mean '--fix'?"),
    ],
)
def test_an_unknown_word_names_the_nearest(desk: Desk, word: str, what: str) -> None:
    """Before anything runs."""
    workspace = desk.workspace()

    with pytest.raises(ConfigurationError) as caught:
        lint.lint(workspace, ["black", word])

    assert caught.value.what == what
    assert calls(workspace) == []


@pytest.mark.parametrize("kind", ["python", "wrkflows"])
def test_a_kind_that_cannot_be_absent_is_a_wrong_setting(tmp_path: Path, kind: str) -> None:
    """Before anything runs: a typo would make no difference, and Python is in every project."""
    workspace = Desk(tmp_path).workspace()
    workspace = replace(workspace, config=replace(workspace.config, absent=(kind,)))

    with pytest.raises(ConfigurationError, match=f"Unknown kind '{kind}'") as caught:
        lint.lint(workspace)

    assert "workflows" in caught.value.why
    assert calls(workspace) == []


def test_a_kind_that_is_absent_is_judged_all_the_same_where_it_turns_up(desk: Desk) -> None:
    """The setting spares who has nothing to judge, and excuses nothing."""
    desk.write("pyproject.toml", "architecture bad\n")

    facts = run(desk)["facts"]

    assert facts["architecture"] == 1
    assert "shellcheck" not in facts


def test_imports_are_judged_where_there_are_contracts(desk: Desk) -> None:
    """A change of any module asks again: each may import what it must not."""
    assert "imports" not in asked(desk)
    assert "imports" not in run(desk)["facts"]
    desk.write(".importlinter", "imports bad\n")

    assert run(desk)["facts"]["imports"] == 1
    assert asked(desk)["imports"] == [".importlinter"]
    assert run(desk)["facts"]["imports"] == 1
    assert "imports" not in asked(desk)
    desk.write("tests/test_a.py", "def g: 8\n")
    assert run(desk)["facts"]["imports"] == 1
    assert asked(desk)["imports"] == [".importlinter"]


def test_imports_without_contracts_have_no_verdict_when_asked_by_name(desk: Desk) -> None:
    """Nothing to judge is no yes."""
    with pytest.raises(NothingToJudgeError) as caught:
        lint.lint(desk.workspace(), ["imports"])

    assert caught.value.why == "imports produced no usable result. No files were passed to it."


def test_fix_lets_black_and_isort_write_and_then_judges(desk: Desk) -> None:
    """It says which files they changed; what the others find stays found."""
    workspace = desk.workspace()

    with pytest.raises(GateFailedError):
        lint.lint(workspace, ["--fix"])

    assert (desk.root / "app/b.py").read_text() == "flake8 bad\nbandit bad\nmypy bad\n"
    assert "changed: app/b.py" in said(workspace)
    facts = evidence(workspace, "lint").facts
    assert (facts["black"], facts["isort"], facts["issues"]) == (0, 0, 3)


def test_fix_with_linters_that_cannot_is_refused(desk: Desk) -> None:
    """With the names of those that can."""
    with pytest.raises(ConfigurationError) as caught:
        lint.lint(desk.workspace(), ["mypy", "--fix"])

    assert caught.value.why == "Linters with a fix mode: black, isort, ruff, ruff-format."


def test_the_log_of_a_linter_says_what_it_was_not_asked_again(desk: Desk) -> None:
    """With all that it had found there."""
    run(desk)

    log = (desk.root / "reports/logs/flake8.log").read_text()
    assert "Reused results of 4 unchanged files" in log
    assert "app/b.py:1: E999 bad" in log


def test_in_github_each_log_is_a_fold_and_the_summary_has_the_table(desk: Desk) -> None:
    """And every finding is on its file and line."""
    summary = desk.root / "reports/summary.md"
    workspace = desk.workspace({"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)})

    with pytest.raises(GateFailedError):
        lint.lint(workspace, ["--fresh"])

    assert "::group::flake8: issues: 1, files: 4" in said(workspace)
    assert "::error file=app/b.py,line=1::E999 bad" in said(workspace)
    assert "::error file=app/b.py::ISORT imports are out of order" in said(workspace)
    assert "| flake8 | failed | " in summary.read_text()
    assert "### lint: failed\n\n| gate | verdict | reason |" in summary.read_text()


def test_code_scanning_gets_what_bandit_and_flake8_found(desk: Desk) -> None:
    """Of one that produced no usable result there is no file: an old one would be a claim."""
    folder = desk.root / "reports/sarif"
    assert {file.name for file in folder.iterdir()} == {"bandit.sarif", "flake8.sarif"}
    assert '"uri": "app/b.py"' in (folder / "flake8.sarif").read_text()

    desk.write("app/a.py", "flake8 crash\n")
    run(desk)

    assert {file.name for file in folder.iterdir()} == {"bandit.sarif"}


def test_a_name_with_a_control_character_gives_no_verdict_and_is_named(tmp_path: Path) -> None:
    """Words that come line by line could not be read; a space, a colon or a letter is no matter."""
    desk = Desk(tmp_path)
    desk.write("pyproject.toml", "[project]\n")
    desk.write("app/a: b é.py", "def f: 3\n")
    desk.write("app/a.py", "def g: 3\n")
    lint.lint(desk.workspace(), ["black", "radon"])
    desk.write("app/c\nd.py", "def h: 3\n")
    workspace = desk.workspace()

    with pytest.raises(NothingToJudgeError) as caught:
        lint.lint(workspace, ["black"])

    assert "Cannot check 'app/c\\nd.py'" in caught.value.why
    assert "Rename the file." in caught.value.why


def test_what_is_left_out_is_in_the_evidence_also_when_it_is_not_asked_again(
    tmp_path: Path,
) -> None:
    """File by file, and the setting that does it."""
    desk = Desk(tmp_path)
    desk.write("pyproject.toml", "[project]\n")
    desk.write("setup.cfg", "[flake8]\nexclude = app/b.py\nmax-line-length = 100\n")
    desk.write("app/a.py", "def f: 3\n")
    desk.write("app/b.py", "flake8 excluded\n")
    wanted = {
        "flake8": ["app/b.py: the settings exclude it", "setup.cfg: [flake8] exclude = app/b.py"]
    }

    first, again = run(desk), run(desk)

    assert first["facts"]["excluded"] == again["facts"]["excluded"] == wanted
    assert asked(desk)["flake8"] == [] if "flake8" in asked(desk) else True
    assert first["facts"]["flake8"] == 0
