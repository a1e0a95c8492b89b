"""Processes are known by pid and start time."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from towpath.engine import processes
from towpath.engine.processes import SystemProcess, parse_record, parse_stat

BOOT = "0f9c630a-1095-45bf-a3f8-6425816f754a\n"


def stat(
    pid: int, *, name: str = "sh", state: str = "S", parent: int = 1, started: int = 99
) -> str:
    """Return a line of /proc/PID/stat as the kernel writes it."""
    middle = " ".join(["0"] * 17)
    return f"{pid} ({name}) {state} {parent} {middle} {started} 2879488 480\n"


def place(proc: Path, line: str) -> None:
    """Put a process into a /proc of our own."""
    directory = proc / line.split()[0]
    directory.mkdir(exist_ok=True)
    (directory / "stat").write_text(line)


@pytest.mark.parametrize("name", ["sh", "tmux: server", "a) S 7 (b", ""])
def test_stat_is_read_whatever_the_name(name: str) -> None:
    """Blanks and parentheses in the name do not move the other fields."""
    assert parse_stat(stat(31, name=name, parent=7, started=5)) == SystemProcess(31, 7, "S", 5)


def test_own_stat_is_what_the_system_says() -> None:
    """The fields are the kernel's: of this very process pid and parent fit."""
    found = parse_stat(Path("/proc/self/stat").read_text())

    assert (found.pid, found.parent) == (os.getpid(), os.getppid())


@pytest.mark.parametrize("text", ["", "1 (sh", "1 (sh) S 2 3"])
def test_other_text_is_no_stat(text: str) -> None:
    """A torn line raises, it is never read as some process."""
    with pytest.raises(ValueError, match="stat"):
        parse_stat(text)


def test_record_of_this_boot_names_the_process() -> None:
    """What the engine wrote of itself is read back."""
    assert parse_record(BOOT + stat(31), BOOT) == SystemProcess(31, 1, "S", 99)


@pytest.mark.parametrize(
    "text", ["", BOOT, "another-boot\n" + stat(31)], ids=["empty", "torn", "another boot"]
)
def test_record_that_proves_nothing_is_none(text: str) -> None:
    """After a reboot the same pid is somebody else."""
    assert parse_record(text, BOOT) is None


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (stat(31), True),
        (stat(31, started=100), False),
        (stat(31, state="Z"), False),
        (stat(32), False),
    ],
    ids=["the very process", "pid used again", "zombie", "gone"],
)
def test_living_means_the_very_process(tmp_path: Path, line: str, expected: bool) -> None:
    """Pid and start time must both fit, and a zombie is dead."""
    place(tmp_path, line)

    assert processes.living(SystemProcess(31, 1, "S", 99), tmp_path) is expected


def test_children_are_found_by_parent(tmp_path: Path) -> None:
    """Only direct children count; files that are no processes are passed over."""
    for line in (stat(31), stat(40, parent=31), stat(41, parent=40)):
        place(tmp_path, line)
    (tmp_path / "meminfo").write_text("MemTotal: 1 kB")
    (tmp_path / "50").mkdir()

    assert processes.children(SystemProcess(31, 1, "S", 99), tmp_path) == [
        SystemProcess(40, 31, "S", 99)
    ]


def test_a_pid_used_again_gets_no_signal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal goes to the process that was meant, else nowhere."""
    sent: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: sent.append((pid, number)))
    place(tmp_path, stat(31, started=100))
    place(tmp_path, stat(32, started=7))

    processes.end(SystemProcess(31, 1, "S", 99), signal.SIGTERM, tmp_path)
    processes.end(SystemProcess(32, 1, "S", 7), signal.SIGTERM, tmp_path)

    assert sent == [(32, signal.SIGTERM)]


def test_until_asks_once_more_at_the_deadline() -> None:
    """A condition that comes true is seen, one that does not ends at the deadline."""
    answers = iter([False, False, True])

    assert processes.until(lambda: next(answers), 5, pause=0)
    assert not processes.until(lambda: False, 0.01, pause=0.005)


def test_wait_ends_when_the_process_is_gone() -> None:
    """A pid that nobody has is not waited for."""
    assert processes.wait(SystemProcess(2**22 + 1, 1, "S", 1), 0)


def test_processes_are_found_by_name_in_one_namespace(tmp_path: Path) -> None:
    """Another name, another namespace and one that has ended are left out."""
    rows = [
        (1, "sh", "S", "pid:[7]"),
        (2, "docker-registry", "S", "pid:[7]"),
        (3, "docker-registry", "S", "pid:[8]"),
        (4, "docker-registry", "Z", "pid:[7]"),
        (5, "docker-registry", "S", ""),
    ]
    for pid, name, state, space in rows:
        place(tmp_path, stat(pid, name=name, state=state))
        (tmp_path / str(pid) / "comm").write_text(f"{name}\n")
        (tmp_path / str(pid) / "ns").mkdir()
        if space:
            (tmp_path / str(pid) / "ns/pid").symlink_to(space)

    found = processes.inside(SystemProcess(1, 0, "S", 99), "docker-registry", tmp_path)

    assert [row.pid for row in found] == [2]
