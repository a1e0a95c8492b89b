"""A directory is deleted with what is mounted in it unmounted, and never through a mount."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes import TableRunner, outcome
from towpath.core.errors import CommandFailedError
from towpath.core.runner import Outcome
from towpath.engine import directories

TABLE = """\
22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
80 22 0:60 / /srv/engine\\040a/root/proc ro,relatime shared:3 - proc proc ro
81 22 0:61 / /srv/engine\\040a/root/dev rw - devtmpfs dev rw
82 81 0:62 / /srv/engine\\040a/root/dev/pts rw - devpts none rw
83 22 0:63 / /srv/engine\\040a/rooted rw - tmpfs none rw
broken
"""


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a file in the place of the machine's table of mounts."""
    file = tmp_path / "mountinfo"
    file.write_text(TABLE)
    monkeypatch.setattr(directories, "MOUNTS", file)
    return file


def test_the_innermost_mount_comes_first() -> None:
    """A name with a space is one, and one that only begins alike is not below."""
    found = directories.mounted_below(TABLE, Path("/srv/engine a/root"))

    assert found == [
        "/srv/engine a/root/dev/pts",
        "/srv/engine a/root/dev",
        "/srv/engine a/root/proc",
    ]


def test_what_a_killed_assembly_left_is_unmounted_and_deleted(table: Path, tmp_path: Path) -> None:
    """First everything is unmounted."""
    half = tmp_path / "root.part"
    (half / "proc").mkdir(parents=True)
    table.write_text(f"80 22 0:60 / {half}/proc ro - proc proc ro\n")

    def unmount(_argv: tuple[str, ...]) -> Outcome:
        table.write_text("")
        return outcome()

    runner = TableRunner({f"umount -- {half}/proc": unmount})
    directories.delete(half, runner)

    assert runner.lines == [f"umount -- {half}/proc"]
    assert not half.exists()


def test_nothing_is_deleted_through_a_mount(table: Path, tmp_path: Path) -> None:
    """It would be the machine's own."""
    half = tmp_path / "root.part"
    (half / "dev").mkdir(parents=True)
    table.write_text(f"80 22 0:60 / {half}/dev rw - devtmpfs dev rw\n")

    with pytest.raises(CommandFailedError, match="is mounted there"):
        directories.delete(half, TableRunner({"umount": ""}))

    assert (half / "dev").is_dir()
