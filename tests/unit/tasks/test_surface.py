"""What people type: the names, the exit codes, and errors without a traceback."""

from __future__ import annotations

import errno
import json
import signal
from pathlib import Path

import pytest
from invoke.exceptions import Exit
from invoke.program import Program

from tests.unit.pipeline.test_report import DOCUMENT
from towpath.core.errors import GateFailedError, LockedError
from towpath.tasks.context import entry, find_root
from towpath.tasks.namespace import collection

NAMES = {
    *("pipeline", "build", "scan", "promote-test", "promote-release"),
    *("deploy", "rollback", "resume", "unlock", "status", "history", "health", "notify", "monitor"),
    *("maintenance", "tls.reload"),
    *("monitoring.start", "monitoring.stop"),
    *("services.up", "services.down", "services.ps", "services.logs", "services.wait"),
    *("services.shell", "debug.build", "debug.shell", "debug.tests"),
    *("debug.database", "debug.registry"),
    *("migrations.check", "migrations.plan", "migrations.apply"),
    *("registry.start", "registry.login", "registry.push", "registry.inspect"),
    *("registry.mirror", "registry.tags", "registry.prune", "registry.cache"),
    *(
        "gates.list",
        "gates.check",
        "gates.baseline",
        "report.show",
        "report.html",
        "report.publish",
    ),
    *("evidence.show", "evidence.verify", "engine.up", "engine.status", "engine.down"),
    *("evidence.export", "evidence.import", "ci.run"),
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty project that is the working directory."""
    (tmp_path / "pyproject.toml").write_text("[tool.towpath]\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def invoke(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    """Run a task as `invoke` does; return its exit code and both streams."""
    program = Program(namespace=collection(), version="0")
    code = 0
    try:
        program.run(["invoke", *argv])
    except SystemExit as stop:
        code = int(stop.code or 0)
    seen = capsys.readouterr()
    return code, seen.out, seen.err


def test_the_names() -> None:
    """Every name of the design is there, and each has a first line for the list."""
    found = collection()

    assert set(found.task_names) == NAMES
    assert [name for name in NAMES if not found[name].__doc__] == []


def test_gates_list_shows_every_rule(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The table of thresholds is one command away."""
    code, out, _ = invoke(capsys, "gates.list")

    assert code == 0
    assert "coverage >= 80 %" in " ".join(out.split())


@pytest.mark.parametrize(
    ("argv", "code", "words"),
    [
        (["gates.check"], 3, "no evidence for the stage lint"),
        (["gates.check", "--stage=lnt"], 2, "Did you mean 'lint'"),
        (["report.show"], 3, "No run of the pipeline has left a report here."),
        (["report.html"], 3, "No run of the pipeline has left a report here."),
        (["report.publish"], 3, "No run of the pipeline has left a report here."),
        (["build", "--platforms=amd65"], 2, "linux/amd64"),
        (["pipeline", "--to=tset"], 2, "Did you mean 'test'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_input_is_an_exit_code_and_words(
    project: Path,
    capsys: pytest.CaptureFixture[str],
    argv: list[str],
    code: int,
    words: str,
) -> None:
    """What went wrong is on standard error; standard output stays for data."""
    ended, _, err = invoke(capsys, *argv)

    assert ended == code
    assert err.startswith("ERROR")
    assert words in err


def test_a_wrong_key_stops_every_task(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The path of the key and the nearest right one are named."""
    (project / "pyproject.toml").write_text("[tool.towpath]\nregitsry = 'localhost:5000'\n")

    code, _, err = invoke(capsys, "gates.list")

    assert code == 2
    assert "tool.towpath.regitsry" in err
    assert "'registry'" in err


def test_the_report_is_shown_from_a_directory_below(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tasks find the project from anywhere in it; JSON goes to standard output as it is."""
    (project / "reports").mkdir()
    (project / "reports/pipeline-report.json").write_text(json.dumps(DOCUMENT))
    monkeypatch.chdir(project / "reports")

    code, out, _ = invoke(capsys, "report.show", "--as-json")

    assert code == 0
    assert json.loads(out) == DOCUMENT
    assert "1.2.3 on main" in invoke(capsys, "report.show")[1]


def test_no_project_is_a_clear_error(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Outside a project nothing is guessed."""
    monkeypatch.setattr("towpath.tasks.context.find_root", lambda _: find_root(Path("/proc")))

    code, _, err = invoke(capsys, "gates.list")

    assert code == 2
    assert "pyproject.toml" in err


@pytest.mark.parametrize(
    ("error", "code"),
    [(GateFailedError("no"), 4), (LockedError("no"), 8), (KeyboardInterrupt(), 130)],
    ids=["gate", "lock", "Ctrl-C"],
)
def test_an_error_becomes_its_exit_code(
    error: BaseException, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """One place turns errors into exits."""

    @entry
    def body() -> None:
        raise error

    with pytest.raises(Exit) as caught:
        body()

    assert caught.value.code == code
    assert "ERROR" in capsys.readouterr().err


def test_a_bug_is_shown_with_its_traceback_and_without_secrets(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends with 1, and says that it is ours to mend."""
    monkeypatch.setenv("DEPLOY_TOKEN", "s3cret-value")

    @entry
    def body() -> None:
        raise ZeroDivisionError("with s3cret-value")

    with pytest.raises(Exit) as caught:
        body()

    shown = capsys.readouterr().err
    assert caught.value.code == 1
    assert "ERROR Internal error: ZeroDivisionError: with ***" in shown
    assert 'raise ZeroDivisionError("with ***")' in shown
    assert "next: This is a bug in Towpath" in shown


def test_a_stop_signal_ends_a_task_as_ctrl_c_does(capsys: pytest.CaptureFixture[str]) -> None:
    """SIGTERM unwinds the flow, so that what it began is undone."""
    before = signal.getsignal(signal.SIGTERM)

    @entry
    def body() -> None:
        signal.raise_signal(signal.SIGTERM)

    with pytest.raises(Exit) as caught:
        body()

    assert caught.value.code == 130
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["pipelin"], "Unknown task 'pipelin'. Did you mean 'pipeline'?"),
        (["pipeline", "--nonsense"], "Unknown option '--nonsense'."),
        (["--nonsense"], "Unknown option '--nonsense'."),
        (["pipeline", "--to"], "Flag --to needed value"),
        (["registry.prune", "--keep=x"], "invalid literal"),
        (["registry.login"], "did not receive required positional arguments: 'user'"),
        (["report.show", "extra"], "Unknown task 'extra'."),
        (["--help", "nothing"], "Unknown task 'nothing'."),
        (["--list", "nothing"], "'nothing' not found"),
        (
            ["pipeline", "--to=everywhere"],
            "--to is 'everywhere', where no run of the pipeline can end.",
        ),
    ],
)
def test_what_cannot_be_understood_ends_with_2(
    project: Path, capsys: pytest.CaptureFixture[str], argv: list[str], words: str
) -> None:
    """It is a mistake in the command, and said in one line with what helps."""
    code, _, err = invoke(capsys, *argv)

    assert code == 2
    assert words in err
    assert "Traceback" not in err


def test_help_and_list_are_no_mistakes(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They end with 0."""
    assert invoke(capsys, "--help", "pipeline")[0] == 0
    assert invoke(capsys, "--list")[0] == 0


@pytest.mark.parametrize("word", ["--help", "-h"])
def test_help_may_stand_after_every_task(
    project: Path, capsys: pytest.CaptureFixture[str], word: str
) -> None:
    """Also after one that cannot do without an argument."""
    for name in collection().task_names:
        code, out, _ = invoke(capsys, name, word)
        assert (code, out.startswith(f"Usage: invoke [--core-opts] {name}")) == (0, True), name


@pytest.mark.parametrize(
    ("number", "code"), [(errno.EACCES, 2), (errno.ENOSPC, 2), (errno.EROFS, 2), (errno.ENOTDIR, 2)]
)
def test_a_file_that_the_machine_refuses_is_named(
    capsys: pytest.CaptureFixture[str], number: int, code: int
) -> None:
    """A directory without rights or a full disk is no bug of ours."""

    @entry
    def body() -> None:
        raise OSError(number, "what the system says", "/state/towpath")

    with pytest.raises(Exit) as caught:
        body()

    assert caught.value.code == code
    assert capsys.readouterr().err.splitlines()[:2] == [
        "ERROR Cannot access /state/towpath.",
        "why: what the system says.",
    ]
