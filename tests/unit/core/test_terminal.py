"""What people and CI are shown: words as they are, folds, annotations, a summary."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from tests.fakes import QuietTerminal
from towpath.core.errors import ConfigurationError
from towpath.core.terminal import SUMMARY_LIMIT, Terminal

GITHUB = {"GITHUB_ACTIONS": "true"}


def test_data_goes_to_standard_output_and_the_story_to_standard_error() -> None:
    """So that a pipe gets the data alone; brackets are no markup."""
    terminal = QuietTerminal()

    terminal.say("[red]said")
    terminal.warn("careful [x]")
    terminal.data("[b]data")

    assert terminal.said == "[red]said\n! careful [x]\n"
    assert terminal.written == "[b]data\n"


def test_commands_are_shown_only_when_verbose() -> None:
    """Of their output the runner knows what is to be shown."""
    quiet, verbose = QuietTerminal(), QuietTerminal(verbose=True)

    for terminal in (quiet, verbose):
        terminal.command("ls [x]")
        terminal.stream("a [y]")

    assert quiet.said == "a [y]\n"
    assert verbose.said == "+ ls [x]\na [y]\n"


def test_an_error_is_what_why_next() -> None:
    """In three lines."""
    terminal = QuietTerminal()

    terminal.error(ConfigurationError("Bad [key].", why="It is new.", next_step="Drop it."))

    assert terminal.said == "ERROR Bad [key].\nwhy: It is new.\nnext: Drop it.\n"


@pytest.mark.parametrize(
    ("place", "shown"),
    [
        ((), "::error::50%25 :: a%0Ab\n"),
        (("a,b:c.py", 3), "::error file=a%2Cb%3Ac.py,line=3::50%25 :: a%0Ab\n"),
        (("a.py",), "::error file=a.py::50%25 :: a%0Ab\n"),
    ],
)
def test_an_annotation_is_one_whole_line(place: tuple[str, int], shown: str) -> None:
    """What would end or split it is escaped."""
    terminal = QuietTerminal(GITHUB)

    terminal.annotate("error", "50% :: a\nb", *place)

    assert terminal.said == shown


def test_annotations_are_for_github_alone() -> None:
    """A person sees none."""
    terminal = QuietTerminal()

    terminal.annotate("error", "x", "a.py", 1)

    assert terminal.said == ""


def test_errors_and_warnings_are_annotated_in_github() -> None:
    """Beside the words for the log."""
    terminal = QuietTerminal(GITHUB)

    terminal.warn("careful")
    terminal.error(ConfigurationError("Bad."))

    assert terminal.said == "! careful\n::warning::careful\nERROR Bad.\n::error::Bad.\n"


def test_the_summary_is_added_to_where_ci_has_one(tmp_path: Path) -> None:
    """Each text with a blank line after it; elsewhere nothing is written."""
    file = tmp_path / "summary.md"
    terminal = QuietTerminal({"GITHUB_STEP_SUMMARY": str(file)})

    terminal.summary("# one\n")
    terminal.summary("two")
    QuietTerminal().summary("three")

    assert file.read_text() == "# one\n\ntwo\n\n"


def test_a_table_shows_every_cell_as_it_is() -> None:
    """Brackets are no markup."""
    terminal = QuietTerminal()

    terminal.table("[t]", ("[a]", "b"), [("[x]", "y")])

    assert all(text in terminal.written for text in ("[t]", "[a]", "[x]", "y"))


def test_a_step_tells_how_it_ended() -> None:
    """With a mark and its seconds; an error goes through."""
    terminal = QuietTerminal()

    with terminal.step("good [x]"):
        terminal.say("inside")
    with pytest.raises(ValueError), terminal.step("bad"):
        raise ValueError

    inside, good, bad = terminal.said.splitlines()
    assert inside == "inside"
    assert good.startswith("✓ good [x] ") and good.endswith(" s")
    assert bad.startswith("✗ bad ")


def test_a_step_is_a_fold_in_github() -> None:
    """Opened and closed, also when it fails."""
    terminal = QuietTerminal(GITHUB)

    with pytest.raises(ValueError), terminal.step("bad"):
        raise ValueError

    assert terminal.said.splitlines()[:2] == ["::group::bad", "::endgroup::"]


def test_the_board_shows_every_stage_as_it_ended() -> None:
    """What did not run stays without a mark; a step inside becomes the stage's note."""
    terminal = QuietTerminal()

    with terminal.board("0.1 on main", ["lint", "tests", "build"]):
        with terminal.stage("lint") as row:
            row.status, row.seconds, row.note = "passed", 1.25, "0 issues [x]"
        with pytest.raises(ValueError), terminal.stage("tests"):
            with terminal.step("nox -s tests"):
                raise ValueError

    assert "✓ lint: 0 issues [x] 1.2 s" in terminal.said
    assert "! tests: nox -s tests" in terminal.said
    board = terminal.said[terminal.said.index("0.1 on main") :]
    lint, tests, build = (row for row in board.splitlines() if "│" in row)
    assert "✓" in lint and "1.2 s" in lint and "0 issues [x]" in lint
    assert "!" in tests and "nox -s tests" in tests
    assert build.replace("│", "").split() == ["build"]


def test_a_stage_without_a_board_is_told_too() -> None:
    """Its status is errored if the block says nothing."""
    terminal = QuietTerminal()

    with terminal.stage("scan") as row:
        assert row.shown_seconds().endswith(" s")

    assert terminal.said.startswith("! scan ")
    assert row.status == "errored"
    assert row.seconds is not None


def test_a_board_of_what_runs_side_by_side_goes_with_it() -> None:
    """Each line as it ends, no fold around what others tell meanwhile, no table at the end."""
    terminal = QuietTerminal(GITHUB)

    with terminal.board("lint", ["black", "isort"], side_by_side=True):
        with terminal.stage("black") as first, terminal.stage("isort") as second:
            first.status, first.note = "passed", "3 files"
            second.status, second.note = "failed", "[x]"

    isort, black = terminal.said.splitlines()
    assert isort.startswith("✗ isort: [x] ")
    assert black.startswith("✓ black: 3 files ")


def test_a_live_board_of_what_runs_side_by_side_is_gone_at_the_end() -> None:
    """A person sees it change; what stays is the caller's own table."""
    text = StringIO()
    err = Console(file=text, force_terminal=True, width=80, no_color=True)
    terminal = Terminal({}, err=err, out=Console(file=StringIO()))

    with terminal.board("all linters", ["black"], side_by_side=True):
        with terminal.stage("black") as row:
            row.status = "passed"

    assert "all linters" in text.getvalue()
    erased = text.getvalue().rpartition("all linters")[2]
    assert "\x1b[2K" in erased and erased.count("\x1b[1A") >= 3


def test_a_fold_shows_the_words_of_a_tool_and_obeys_none_of_them() -> None:
    """GitHub stops reading commands until it meets a token that no tool can know."""
    terminal, quiet = QuietTerminal(GITHUB), QuietTerminal()

    terminal.folded("a\nb", "::error::not ours\n[x]\n")
    quiet.folded("a", "b")

    group, stop, first, second, start, end = terminal.said.splitlines()
    token = stop.removeprefix("::stop-commands::")
    assert (group, first, second, end) == (
        "::group::a%0Ab",
        "::error::not ours",
        "[x]",
        "::endgroup::",
    )
    assert start == f"::{token}::" and len(token) > 30
    assert quiet.said == ""


def test_a_table_of_the_summary_keeps_its_cells_apart(tmp_path: Path) -> None:
    """Bars, tags and line ends of a cell are letters."""
    file = tmp_path / "summary.md"
    terminal = QuietTerminal({"GITHUB_STEP_SUMMARY": str(file)})

    terminal.summary_table("lint", ("tool", ""), [("mypy", "a | <b>\nc")])

    assert file.read_text() == (
        "### lint\n\n| tool |  |\n| --- | --- |\n| mypy | a \\| &lt;b&gt;<br>c |\n\n"
    )


def test_a_summary_that_is_too_long_is_cut_and_says_so(tmp_path: Path) -> None:
    """GitHub shows nothing at all of a summary that is larger than 1 MiB."""
    file = tmp_path / "summary.md"
    file.write_text("earlier\n")
    terminal = QuietTerminal({"GITHUB_STEP_SUMMARY": str(file)})

    for _ in range(40):
        terminal.summary("\n".join(["| \N{SNOWMAN} row |"] * 4000))
    terminal.summary("the last word")

    text = file.read_text()
    assert len(file.read_bytes()) <= SUMMARY_LIMIT
    assert len(file.read_bytes()) > SUMMARY_LIMIT - 100
    assert text.startswith("earlier\n")
    assert text.count("The summary is cut here") == 1
    assert set(text.split("_The")[0].splitlines()[1:]) == {"| \N{SNOWMAN} row |", ""}


def test_a_summary_of_another_process_is_full_too(tmp_path: Path) -> None:
    """What stands there already counts."""
    file = tmp_path / "summary.md"
    file.write_bytes(b"x" * SUMMARY_LIMIT)

    QuietTerminal({"GITHUB_STEP_SUMMARY": str(file)}).summary("more")

    assert file.stat().st_size == SUMMARY_LIMIT


@pytest.mark.parametrize("place", ["missing/summary.md", "."])
def test_a_summary_that_cannot_be_written_is_a_warning(tmp_path: Path, place: str) -> None:
    """A check that passed stays passed, and it is said once."""
    terminal = QuietTerminal({"GITHUB_STEP_SUMMARY": str(tmp_path / place)})

    terminal.summary("text")
    terminal.summary("text")

    assert terminal.said.count("Cannot write the job summary") == 1
