"""What is fine, what is a warning and what is an error."""

from __future__ import annotations

import pytest

from towpath import gates
from towpath.operations import health_rules as rules
from towpath.operations.health_rules import BuildCache, Disk, HealthCheck, Level

OK, WARNING, ERROR = Level.OK, Level.WARNING, Level.ERROR
GIB = 1 << 30


def test_a_line_has_mark_time_and_remedy() -> None:
    """The remedy stands only where something is to be done."""
    bad = HealthCheck("registry r", ERROR, "does not\nanswer", "invoke registry.start", 0.123)
    fine = HealthCheck("disk", OK, "5 GiB", "df", 1.0)

    assert bad.line(12) == "✗ registry r     0.12 s  does not answer → invoke registry.start"
    assert fine.line() == "✓ disk   1.00 s  5 GiB"
    assert HealthCheck("a", WARNING, "x\x1b[2Jy").line() == "! a   0.00 s  x\\x1b[2Jy"
    assert bad.as_json() == {
        "check": "registry r",
        "status": "error",
        "message": "does not\nanswer",
        "next": "invoke registry.start",
        "seconds": 0.123,
    }


def test_text_of_others_is_bounded() -> None:
    """An answer of a megabyte is no line."""
    assert len(rules.one_line("x" * 10_000)) == 301


def test_the_worst_wins_and_nothing_is_an_error() -> None:
    """Who looked at nothing has shown nothing."""
    fine, odd, bad = (
        HealthCheck("a", OK, ""),
        HealthCheck("b", WARNING, ""),
        HealthCheck("c", ERROR, ""),
    )

    assert rules.worst([fine]) == OK
    assert rules.worst([fine, odd]) == WARNING
    assert rules.worst([odd, bad, fine]) == ERROR
    assert rules.worst([]) == ERROR


@pytest.mark.parametrize(
    ("found", "level"),
    [
        (Disk(10 * GIB), OK),
        (Disk(10 * GIB, 5.0), OK),
        (Disk(10 * GIB, 4.9), WARNING),
        (Disk(10 * GIB, 0.9), ERROR),
        (Disk(10 * GIB - 1), WARNING),
        (Disk(2 * GIB), WARNING),
        (Disk(2 * GIB - 1), ERROR),
        (Disk(0, 50.0), ERROR),
    ],
)
def test_disks(found: Disk, level: Level) -> None:
    """A disk without inodes is as full as one without bytes."""
    low, full = gates.IMAGES_DISK_LOW, gates.IMAGES_DISK_FULL

    assert rules.disk("disk", "/x", found, low, full, "df -h").level == level


def test_a_full_disk_says_what_is_needed() -> None:
    """With the command that shows or frees."""
    found = rules.disk("disk", "/x", Disk(GIB), 10 * GIB, 2 * GIB, "df -h")

    assert found == HealthCheck("disk", ERROR, "1.0 GiB free in /x, at least 2.0 needed", "df -h")


@pytest.mark.parametrize(
    ("ahead", "level", "words"),
    [
        (0.9, OK, "in step"),
        (-31.0, OK, "30 s behind"),
        (32.0, WARNING, "31 s ahead"),
        (301.0, WARNING, "300 s ahead"),
        (-600.0, ERROR, "599 s behind"),
    ],
)
def test_clocks(ahead: float, level: Level, words: str) -> None:
    """Ten minutes are an error: others refuse the evidence."""
    found = rules.clock("clock", ahead, 1.0)

    assert (found.level, found.message) == (level, words)
    assert found.next_step == "timedatectl set-ntp true"


@pytest.mark.parametrize(
    ("found", "level", "words"),
    [
        (BuildCache(0.0), OK, "0.0 GiB"),
        (BuildCache(1.5 * GIB, 30.0), OK, "1.5 GiB, oldest record 30 days"),
        (BuildCache(1.5 * GIB, 31.0), WARNING, "1.5 GiB, oldest record 31 days"),
        (BuildCache(51.0 * GIB, 1.0), WARNING, "51.0 GiB, oldest record 1 days"),
    ],
)
def test_caches(found: BuildCache, level: Level, words: str) -> None:
    """Large or old is a warning only, and damaged too."""
    check = rules.cache("build cache", found, "b")

    assert (check.level, check.message) == (level, words)
    assert rules.damaged("build cache", "io error", "b") == HealthCheck(
        "build cache",
        WARNING,
        "the cache cannot be read: io error",
        "docker buildx prune --builder=b --force --all",
    )


def test_emulation() -> None:
    """Each platform that is wanted has to be offered."""
    assert rules.emulation("e", ["linux/arm64"], ["linux/amd64", "linux/arm64"]).level == OK
    missing = rules.emulation("e", ["linux/arm64"], ["linux/amd64"])
    assert (missing.level, missing.message) == (ERROR, "none for linux/arm64")
    assert missing.next_step.endswith("--install=arm64")


@pytest.mark.parametrize(
    ("age", "since", "level", "words"),
    [
        (1.0, 86_400.0, OK, "2.0 days old, limit 35"),
        (34.0, 86_400.0, OK, "35.0 days old, limit 35"),
        (35.0, 8_640.0, ERROR, "35.1 days old, limit 35"),
        (1.0, -50.0, OK, "1.0 days old, limit 35"),
        (True, 0.0, ERROR, "could not check: the evidence does not say how old the data was"),
        (None, 0.0, ERROR, "could not check: the evidence does not say how old the data was"),
    ],
)
def test_advisories(age: object, since: float, level: Level, words: str) -> None:
    """The data grows older after the run that asked for it."""
    found = rules.advisories("scan", {"age_days": age}, since, 35, "invoke scan")

    assert found == HealthCheck("advisories of scan", level, words, "invoke scan")
