"""The engine and its tools, as each answers or fails."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.fakes import Answer, QuietTerminal, TableRunner, outcome
from towpath import config
from towpath.config.workspace import Workspace
from towpath.engine.discover import DiscoveredEngine
from towpath.evidence import record
from towpath.operations import engine_probes
from towpath.operations.health_rules import Disk, HealthCheck, Level
from towpath.operations.probes import run_probes

BUILDER = "docker buildx inspect default"
USAGE = "docker buildx du --builder=default --verbose"
NO_BUILDER = outcome(code=1, stderr='ERROR: no builder "towpath-1" found')


def info(root: Path, store: bool = True) -> str:
    """Return what `docker info` says."""
    status = [["driver-type", "io.containerd.snapshotter.v1"]] if store else []
    rows = {"ServerVersion": "28.2.2", "OSType": "linux", "Architecture": "x86_64", "ID": "e"}
    return json.dumps({**rows, "DockerRootDir": str(root), "DriverStatus": status})


def looked(
    tmp_path: Path,
    answers: Mapping[str, Answer] | None = None,
    *,
    kind: str = "host",
    endpoint: str = "unix:///run/docker.sock",
    table: Mapping[str, object] | None = None,
) -> dict[str, HealthCheck]:
    """Return the checks by their subjects; `answers` go before those of a machine that is well."""
    well: dict[str, Answer] = {
        "docker info": info(tmp_path),
        "buildx version": "github.com/docker/buildx 0.24.0 x",
        "compose version": "Docker Compose version v2.36.2",
        BUILDER: "Platforms: linux/amd64, linux/arm64\n",
        USAGE: "Total:\t0B\n",
    }
    given = dict(answers or {})
    runner = TableRunner(given | {key: row for key, row in well.items() if key not in given})
    env = {"TOWPATH_STATE": str(tmp_path / "state")}
    workspace = Workspace(config.parse(table or {}, tmp_path, env), runner, QuietTerminal())

    def found(_env: object) -> DiscoveredEngine:
        return DiscoveredEngine(kind, endpoint)  # type: ignore[arg-type]

    engine = engine_probes.access(workspace, found)
    rows = run_probes(engine_probes.probes(workspace, engine))
    return {row.subject: row for row in rows}


@pytest.fixture(autouse=True)
def roomy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every disk have room."""
    monkeypatch.setattr(engine_probes, "measure", lambda _place: Disk(100 << 30, 90.0))


def test_all_is_well(tmp_path: Path) -> None:
    """Each line says what there is."""
    found = looked(tmp_path)

    assert {name: row.message for name, row in found.items()} == {
        "Docker engine": "28.2.2 (host, linux/amd64), containerd image store",
        "buildx": "0.24.0",
        "build cache": "0.0 GiB",
        "Compose": "2.36.2",
        "emulation": "linux/arm64",
        "disk for images": f"100.0 GiB free in {tmp_path}",
        "disk for state": f"100.0 GiB free in {tmp_path}/state/app",
    }
    assert {row.level for row in found.values()} == {Level.OK}


def test_no_engine(tmp_path: Path) -> None:
    """Whatever needs one could not be checked; the disk of the state was."""
    found = looked(tmp_path, kind="none")

    fine = [name for name, row in found.items() if row.level == Level.OK]
    assert fine == ["disk for state"]
    assert found["Docker engine"].message == (
        "could not check: No Docker engine answers: Asked unix:///run/docker.sock."
    )
    assert found["buildx"].next_step == "invoke engine.up"


def test_a_client_without_buildx(tmp_path: Path) -> None:
    """The command fails: an error, with what it said."""
    failed = outcome(code=1, stderr="docker: 'buildx' is not a docker command.")

    found = looked(tmp_path, {"buildx version": failed})

    assert found["buildx"].level == Level.ERROR
    assert "not a docker command" in found["buildx"].message


def test_a_damaged_cache_is_a_warning(tmp_path: Path) -> None:
    """With what the builder said, and the command that makes a new one."""
    said = outcome(code=1, stderr="ERROR: failed to get state for index 0 on [stage]")

    found = looked(tmp_path, {USAGE: said})["build cache"]

    assert found.level == Level.WARNING
    assert "failed to get state for index 0" in found.message
    assert found.next_step == "docker buildx prune --builder=default --force --all"


RECORD = "Created at:\t2026-11-01 00:00:00.5 +0000 UTC\nTotal:\t1GB\n"
GONE = (
    '#0 building with "default" instance using docker driver\n'
    "#7 ERROR: failed to prepare a1 as b2: "
    "failed to stat parent: stat /x/snapshots/7/fs: no such file or directory: unknown\n"
)


@pytest.mark.parametrize(
    ("log", "usage", "level"),
    [
        (GONE, RECORD, Level.WARNING),
        # After it was emptied, or by another builder, or of another kind: nothing is known to be.
        (GONE, "Total:\t0B\n", Level.OK),
        (GONE, RECORD.replace("2026-11-01", "2099-01-01"), Level.OK),
        (GONE.replace("default", "towpath-1"), RECORD, Level.OK),
        (GONE.replace("snapshots", "shots"), RECORD, Level.OK),
    ],
)
def test_a_build_that_could_not_use_the_cache_is_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log: str, usage: str, level: Level
) -> None:
    """The builder counts what it wrote down, whether or not it is still there."""
    file = tmp_path / "reports/logs/build.log"
    file.parent.mkdir(parents=True)
    file.write_text(log)
    os.utime(file, (dt.datetime(2026, 11, 29, tzinfo=dt.UTC).timestamp(),) * 2)
    monkeypatch.setattr(record, "now", lambda: dt.datetime(2026, 11, 30, tzinfo=dt.UTC))

    found = looked(tmp_path, {USAGE: usage}, kind="embedded")["build cache"]

    assert found.level == level
    if level == Level.WARNING:
        assert "failed to stat parent" in found.message
        command = "docker buildx prune --builder=default --force --all"
        # The client of our own engine is on no PATH of a shell.
        assert found.next_step == f'eval "$(invoke engine.up)" && {command}'


def test_a_builder_that_does_not_answer_is_no_damaged_cache(tmp_path: Path) -> None:
    """Nothing is known of it."""
    said = outcome(code=1, stderr="ERROR: rpc error: code = Unavailable desc = EOF")

    found = looked(tmp_path, {USAGE: said})["build cache"]

    assert (found.level, found.next_step) == (Level.ERROR, "invoke engine.up")


def test_a_cache_that_nobody_can_read_is_an_error(tmp_path: Path) -> None:
    """An answer without a total was not a check."""
    assert looked(tmp_path, {USAGE: "hello"})["build cache"].level == Level.ERROR


def test_a_builder_that_is_not_made_yet(tmp_path: Path) -> None:
    """The first build makes it: a warning for both that ask it."""
    named: dict[str, Answer] = {
        "docker info": info(tmp_path, store=False),
        "buildx du": NO_BUILDER,
        "buildx inspect towpath-": NO_BUILDER,
    }

    found = looked(tmp_path, named)

    for name in ("build cache", "emulation"):
        assert found[name].level == Level.WARNING
        assert found[name].next_step == "invoke build"


def test_emulation_is_asked_for_what_nothing_else_builds(tmp_path: Path) -> None:
    """A platform with a machine of its own needs none; one that is missing is an error."""
    alone = {BUILDER: "Platforms: linux/amd64\n"}
    elsewhere = {"builders": {"linux/arm64": "ssh://a@b"}}

    assert looked(tmp_path, alone)["emulation"].message == "none for linux/arm64"
    assert looked(tmp_path, alone, table=elsewhere)["emulation"].message == "not needed"
    idle = looked(tmp_path, {BUILDER: "Platforms:\n"})["emulation"]
    assert (idle.level, idle.next_step) == (
        Level.ERROR,
        "docker buildx inspect --bootstrap default",
    )


def test_the_disk_of_an_engine_elsewhere(tmp_path: Path) -> None:
    """It cannot be seen from here: an error, not a pass."""
    found = looked(tmp_path, endpoint="tcp://10.0.0.5:2376")["disk for images"]

    assert found.level == Level.ERROR
    assert found.message == "could not check: The engine is on another machine"


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both disks, each by its own limit."""
    monkeypatch.setattr(engine_probes, "measure", lambda _place: Disk(1 << 30, 90.0))

    found = looked(tmp_path)

    assert found["disk for images"].level == Level.ERROR
    assert found["disk for state"].level == Level.OK


def test_a_real_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file system of this machine counts both."""
    monkeypatch.undo()
    found = engine_probes.measure(tmp_path)

    assert found.free > 0
    assert found.inodes is None or 0 <= found.inodes <= 100
