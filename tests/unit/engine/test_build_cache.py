"""A build cache that keeps the engine from starting is deleted, and only that."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes import QuietTerminal
from tests.unit.engine.starter import TableStarter
from towpath.core.errors import CommandFailedError
from towpath.engine import build_cache
from towpath.engine.layout import Layout

# As dockerd 26.1.5 ended on files with random pages, shortened.
METADATA = """panic: invalid freelist page: 17669915067450859789, page type is branch

goroutine 1 [running]:
go.etcd.io/bbolt.(*freelist).read(0xc0007a2480, 0x7f5c8c7a4000)
github.com/moby/buildkit/cache/metadata.NewStore({0xc0009c6820, 0x4c})
"""
STORE = "failed to open database file /s/docker/buildkit/containerd-overlayfs/metadata_v2.db: "
OTHER = METADATA.replace("github.com/moby/buildkit/cache", "github.com/docker/docker/libnetwork")


@pytest.mark.parametrize(
    ("log", "damaged"),
    [
        (METADATA, True),
        (f"level=warning msg=started\n{METADATA}Terminated\n", True),
        (f"{STORE}invalid database\nTerminated\n", True),
        ("invalid database\nTerminated\n", True),
        (OTHER, False),
        (METADATA.replace("go.etcd.io/bbolt", "github.com/a/b"), False),
        ('msg="failed to start daemon: no space left on device"\n', False),
        ("the word invalid database is in a line\n", False),
        ("", False),
    ],
)
def test_what_ended_dockerd(log: str, damaged: bool) -> None:
    """A database that BuildKit cannot read; not another's, and no other bug of BuildKit."""
    assert build_cache.is_damaged(log) is damaged


class Engine:
    """Starts while its cache can be read, or whatever `fails` says; else writes why not."""

    def __init__(self, place: Path, *, fails: str = "") -> None:
        self.own = Layout(place / "state", place / "run")
        self.fails, self.starts = fails, 0
        self.own.build_cache.mkdir(parents=True)
        self.cache.write_text("damaged")

    @property
    def cache(self) -> Path:
        """A file of the cache."""
        return self.own.build_cache / "cache.db"

    def start(self) -> None:
        """Start."""
        self.starts += 1
        damaged = self.cache.is_file() and self.cache.read_text() == "damaged"
        self.own.log.write_text(self.fails or (METADATA if damaged else "started"))
        if damaged or self.fails:
            raise CommandFailedError("The embedded engine did not start.")
        self.own.build_cache.mkdir(exist_ok=True)


def up(engine: Engine, runner: TableStarter | None = None) -> str:
    """Start the engine, and return what was said."""
    terminal = QuietTerminal()
    root = Path("/root-1")
    build_cache.start(
        engine.own, root, engine.start, runner or TableStarter({"leases ls": ""}), terminal
    )
    return terminal.said


def test_a_cache_that_keeps_the_engine_from_starting_is_deleted(tmp_path: Path) -> None:
    """With a warning; what only it used is no longer kept, a container's snapshot is."""
    engine, lease = Engine(tmp_path), "43yep063gabtga1b7e3qscvj4"
    runner = TableStarter(
        {"leases ls": f"{lease}\n{lease}-variants\n{'a1' * 32}\n1-2_pull\n", "leases rm": ""}
    )

    said = up(engine, runner)

    assert "build cache is damaged" in said
    assert (engine.starts, engine.cache.exists()) == (2, False)
    assert [path.name for path in engine.own.build_cache.parent.iterdir()] == ["buildkit"]
    socket = engine.own.containerd
    words = f"/root-1/usr/bin/ctr --address={socket} --namespace=moby leases"
    assert runner.lines == [f"{words} ls --quiet", f"{words} rm {lease} {lease}-variants"]


def test_a_cache_that_ended_the_engine_at_a_build_is_deleted_too(tmp_path: Path) -> None:
    """It would start, and the next build would end it again."""
    engine = Engine(tmp_path)
    engine.cache.write_text("damaged at a page that is read later")
    engine.own.log.write_text(f"started\n{METADATA}")

    assert "build cache is damaged" in up(engine)
    assert (engine.starts, engine.cache.exists()) == (1, False)


def test_a_cache_that_is_well_stays(tmp_path: Path) -> None:
    """As it is at nearly every start."""
    engine = Engine(tmp_path)
    engine.cache.write_text("well")

    assert up(engine) == ""
    assert (engine.starts, engine.cache.read_text()) == (1, "well")


@pytest.mark.parametrize(
    ("fails", "starts"), [("no space left on device", 1), ("invalid database", 2)]
)
def test_a_cache_that_is_not_the_reason_stays(tmp_path: Path, fails: str, starts: int) -> None:
    """The error arrives; where it could have been, the cache is put back."""
    engine = Engine(tmp_path, fails=fails)
    engine.cache.write_text("well")

    with pytest.raises(CommandFailedError, match="did not start"):
        up(engine)

    assert (engine.starts, engine.cache.read_text()) == (starts, "well")
