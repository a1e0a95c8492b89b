"""The door to processes: codes are checked, secrets hidden, nobody is left running."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.fakes import QuietTerminal
from towpath.core.errors import CommandFailedError, InterruptedRunError
from towpath.core.redaction import Redactor
from towpath.core.runner import Runner

pytestmark = pytest.mark.door


class Kept:
    """An echo that keeps what it is told."""

    def __init__(self) -> None:
        self.commands: list[str] = []
        self.streamed: list[str] = []

    def command(self, line: str) -> None:
        """Keep the line of a command."""
        self.commands.append(line)

    def stream(self, line: str) -> None:
        """Keep a line of output."""
        self.streamed.append(line)


def python(code: str) -> list[str]:
    """Return the command line that runs a piece of Python."""
    return [sys.executable, "-c", code]


@pytest.fixture
def echo() -> Kept:
    """Return an echo to look into."""
    return Kept()


@pytest.fixture
def runner(echo: Kept, tmp_path: Path) -> Runner:
    """Return a runner that knows one secret."""
    env = {"PATH": os.environ["PATH"], "A": "1"}
    return Runner(echo, env=env, cwd=tmp_path, secrets=Redactor(["hunter2"]))


def test_both_streams_and_the_time_come_back(runner: Runner) -> None:
    """As text, each by itself."""
    found = runner.run(python("import sys; print('out'); print('err', file=sys.stderr)"))

    assert (found.ok, found.stdout, found.stderr) == (True, "out\n", "err\n")
    assert found.seconds > 0
    assert found.tail() == "err"


def test_the_environment_is_the_runners_and_what_is_added(
    runner: Runner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Nothing leaks in from our own process; the directory is the runner's."""
    monkeypatch.setenv("LEAK", "1")
    code = "import os; e = os.environ; print(e.get('A'), e.get('B'), e.get('LEAK'), os.getcwd())"

    found = runner.run(python(code), env={"B": "2"})

    assert found.stdout.split() == ["1", "2", "None", str(tmp_path.resolve())]


def test_standard_input_is_given_or_empty(runner: Runner) -> None:
    """A command never waits for a person."""
    code = "import sys; print(repr(sys.stdin.read()))"

    assert runner.run(python(code), stdin="hello").stdout == "'hello'\n"
    assert runner.run(python(code)).stdout == "''\n"


def test_a_command_that_does_not_read_its_input_is_judged_by_its_code(runner: Runner) -> None:
    """A broken pipe is not our failure."""
    assert runner.run(python("pass"), stdin="x" * 1_000_000).ok


def test_another_code_than_0_is_an_error(runner: Runner) -> None:
    """With the command, its code and its last words."""
    with pytest.raises(CommandFailedError) as caught:
        runner.run(python("import sys; print('why', file=sys.stderr); sys.exit(7)"))

    assert "failed (exit code 7)" in caught.value.what
    assert caught.value.why == "why"


def test_a_command_killed_by_a_signal_says_so(runner: Runner) -> None:
    """Its code is negative; a silent one is called silent."""
    with pytest.raises(CommandFailedError) as caught:
        runner.run(python("import os; os.kill(os.getpid(), 9)"))

    assert "failed (signal 9)" in caught.value.what
    assert caught.value.why == "It wrote no output."


def test_unchecked_codes_come_back(runner: Runner) -> None:
    """The caller judges."""
    assert runner.run(python("import sys; sys.exit(7)"), check=False).code == 7


@pytest.mark.parametrize("check", [True, False])
def test_a_program_that_is_not_there_is_always_an_error(runner: Runner, check: bool) -> None:
    """Nothing ran, so there is no code to look at."""
    with pytest.raises(CommandFailedError) as caught:
        runner.run(["no-such-program-here"], check=check)

    assert caught.value.what == "no-such-program-here is not installed or not on PATH."


def test_a_directory_that_is_not_there_is_not_blamed_on_the_program(
    runner: Runner, tmp_path: Path
) -> None:
    """The message names what is missing."""
    with pytest.raises(CommandFailedError) as caught:
        runner.run(python("pass"), cwd=tmp_path / "gone")

    assert caught.value.what == f"{sys.executable} could not be started."
    assert "gone" in caught.value.why


def test_a_file_that_is_no_program_could_not_be_started(runner: Runner, tmp_path: Path) -> None:
    """The system's reason is passed on."""
    plain = tmp_path / "plain"
    plain.write_text("no program")

    with pytest.raises(CommandFailedError) as caught:
        runner.run([str(plain)])

    assert "Permission denied" in caught.value.why


def test_secrets_are_hidden_on_every_surface(runner: Runner, echo: Kept, tmp_path: Path) -> None:
    """The line, both streams, the log, the error; longer secrets first, quotes or not."""
    runner.secrets.hide("hunter22", "it's mine", "")
    runner.streaming = True
    code = "import sys; print(1, *sys.argv[1:]); print(*sys.argv[1:], file=sys.stderr); exit(3)"
    log = tmp_path / "logs" / "x.log"

    with pytest.raises(CommandFailedError) as caught:
        runner.run([*python(code), "hunter22", "x-hunter2", "it's mine"], log=log)

    shown = "\n".join([*echo.commands, *echo.streamed, log.read_text(), *caught.value.lines()])
    assert "hunter2" not in shown
    assert "it's mine" not in shown and "'\"'\"'" not in shown
    assert "1 *** x-*** ***\n" in log.read_text()


def test_output_is_shown_as_it_comes_only_when_streaming(runner: Runner, echo: Kept) -> None:
    """Else it is kept for whoever asked."""
    runner.run(python("print('one')"))
    runner.run(python("print('two')"), stream=True)
    runner.streaming = True
    runner.run(python("print('three')"))

    assert echo.streamed == ["two", "three"]
    assert len(echo.commands) == 3


def test_a_command_that_takes_too_long_is_ended_with_its_children(
    runner: Runner, tmp_path: Path
) -> None:
    """The child that it started is gone too."""
    pid = tmp_path / "pid"
    code = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(pid)!r}, 'w').write(str(child.pid))\n"
        "time.sleep(60)\n"
    )

    with pytest.raises(CommandFailedError, match="did not end within 1 s"):
        runner.run(python(code), timeout=1)

    wait_until_gone(int(pid.read_text()))


@pytest.mark.usefixtures("listening")
def test_ctrl_c_ends_the_command(runner: Runner, tmp_path: Path) -> None:
    """The error is the one with code 130, and nothing is left running."""
    pid = tmp_path / "pid"
    # It gives the runner time to come to its waiting: only from there on the command is its own.
    code = (
        "import os, time; time.sleep(0.5);"
        f"open({str(pid)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    )

    def interrupt() -> None:
        while not (pid.is_file() and pid.read_text()):
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(InterruptedRunError) as caught:
        runner.run(python(code))

    assert caught.value.code == 130
    wait_until_gone(int(pid.read_text()))


# Python warns of a process that nobody waits for; here that is the purpose.
@pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning")
def test_a_spawned_process_outlives_the_call(runner: Runner, echo: Kept, tmp_path: Path) -> None:
    """It has a session and a log of its own."""
    log = tmp_path / "logs" / "spawn.log"

    pid = runner.spawn(python("import os; print(os.getsid(0) == os.getpid())"), log=log)
    wait_until_gone(pid)

    assert log.read_text() == "True\n"
    assert echo.commands[0].endswith(" &")


def test_a_spawned_program_that_is_not_there_is_an_error(runner: Runner, tmp_path: Path) -> None:
    """As for any other command."""
    with pytest.raises(CommandFailedError, match="not installed"):
        runner.spawn(["no-such-program-here"], log=tmp_path / "log")


def test_a_terminal_is_an_echo(tmp_path: Path) -> None:
    """Commands and output are shown when it is verbose."""
    terminal = QuietTerminal(verbose=True)

    Runner(terminal, env={}, cwd=tmp_path, streaming=True).run(python("print('[bold]hi')"))

    assert "+ " in terminal.said
    assert "[bold]hi\n" in terminal.said


def wait_until_gone(pid: int) -> None:
    """Wait until no process has this id, or it is a zombie that nobody has fetched."""
    deadline = time.monotonic() + 10
    stat = Path(f"/proc/{pid}/stat")
    while time.monotonic() < deadline:
        try:
            if stat.read_text().rpartition(")")[2].split()[0] == "Z":
                return
        except (FileNotFoundError, ProcessLookupError):
            return
        time.sleep(0.02)
    raise AssertionError(f"process {pid} still runs")


def test_stop_ends_what_other_threads_run_and_starts_no_more(
    runner: Runner, tmp_path: Path
) -> None:
    """Each of them gets the error of an interrupted run; so does what comes after."""
    pids = [tmp_path / "one", tmp_path / "two"]
    code = "import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(60)"

    with ThreadPoolExecutor() as pool:
        running = [pool.submit(runner.run, [*python(code), str(pid)]) for pid in pids]
        wait_until(lambda: all(pid.is_file() and pid.read_text() for pid in pids))
        runner.stop()
        errors = [one.exception(timeout=10) for one in running]

    assert [type(error) for error in errors] == [InterruptedRunError, InterruptedRunError]
    for pid in pids:
        wait_until_gone(int(pid.read_text()))
    with pytest.raises(InterruptedRunError, match="before this ran"):
        runner.run(python("pass"))


def test_a_command_that_does_not_heed_a_polite_word_is_ended_for_good(
    runner: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When its time to leave is over."""
    pid = tmp_path / "pid"
    code = (
        "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        f"open({str(pid)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    )
    monkeypatch.setattr("towpath.core.runner.PATIENCE", 0.1)

    with ThreadPoolExecutor() as pool:
        running = pool.submit(runner.run, python(code))
        wait_until(lambda: pid.is_file() and bool(pid.read_text()))
        runner.stop()

    assert isinstance(running.exception(), InterruptedRunError)
    wait_until_gone(int(pid.read_text()))


def test_lines_are_shown_after_their_label(runner: Runner, echo: Kept) -> None:
    """So that lines of two commands can be told apart; what comes back has none."""
    found = runner.run(python("print('a')"), stream=True, label="black")

    assert echo.streamed == ["black: a"]
    assert found.stdout == "a\n"


def wait_until(so: Callable[[], bool]) -> None:
    """Wait until something is so, at most ten seconds."""
    deadline = time.monotonic() + 10
    while not so():
        assert time.monotonic() < deadline
        time.sleep(0.01)
