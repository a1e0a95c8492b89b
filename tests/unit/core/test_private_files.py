"""Files that only we have written, and that are written where they are meant to be."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from towpath.core import private
from towpath.core.errors import ConfigurationError, NothingToJudgeError


def test_what_we_wrote_is_ours(tmp_path: Path) -> None:
    """Directory and file are for us alone, whatever the umask; a file that is not there is none."""
    file = tmp_path / "state/wheels/a.json"
    before = os.umask(0)
    try:
        private.write_own(file, b"1")
        private.write_own(file, b"2")
    finally:
        os.umask(before)

    assert private.read_own(file, 1) == b"2"
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert private.read_own(tmp_path / "state/wheels/b.json", 1) is None
    assert private.read_own(tmp_path / "none/b.json", 1) is None
    assert os.listdir(file.parent) == ["a.json"]


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
@pytest.mark.parametrize("which", ["file", "directory"])
def test_what_others_may_have_written_is_not_read(tmp_path: Path, mode: int, which: str) -> None:
    """By the rights of the file, or of the directory in which it may have been replaced."""
    file = tmp_path / "wheels/a.json"
    private.write_own(file, b"1")
    (file if which == "file" else file.parent).chmod(mode | 0o100)

    with pytest.raises(NothingToJudgeError, match="another user may have written it"):
        private.read_own(file, 10)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_file_of_another_user_is_not_read(tmp_path: Path) -> None:
    """Whoever it belongs to may have written it."""
    file = tmp_path / "wheels/a.json"
    private.write_own(file, b"1")
    os.chown(file, 12345, 12345)

    with pytest.raises(NothingToJudgeError) as caught:
        private.read_own(file, 10)
    assert caught.value.why == "It belongs to user 12345 and has mode 600."


def test_a_link_a_pipe_and_a_large_file_are_not_read(tmp_path: Path) -> None:
    """None of them hangs, and none is followed."""
    folder = tmp_path / "wheels"
    private.write_own(folder / "good", b"12")
    (folder / "link").symlink_to(folder / "good")
    os.mkfifo(folder / "pipe", 0o600)
    (folder / "directory").mkdir(0o700)

    for name in ("link", "pipe", "directory"):
        with pytest.raises(NothingToJudgeError):
            private.read_own(folder / name, 10)
    with pytest.raises(NothingToJudgeError, match="is larger than 1 bytes"):
        private.read_own(folder / "good", 1)


def test_a_directory_holds_what_was_written_and_nothing_else(tmp_path: Path) -> None:
    """What an earlier build or somebody else left there is gone."""
    base = tmp_path / "a/b"
    (base / "arm64/deep").mkdir(parents=True)
    (base / "arm64/old.whl").write_bytes(b"old")
    (base / "stray").write_bytes(b"old")
    (base / "sparc").mkdir()

    place = private.fill(tmp_path, ("a", "b"), {"amd64": {"x": b"1"}, "arm64": {}})

    assert place == base
    assert sorted(str(row.relative_to(base)) for row in base.rglob("*")) == [
        *("amd64", "amd64/x", "arm64"),
    ]
    assert (base / "amd64/x").read_bytes() == b"1"


@pytest.mark.parametrize("link", ["a", "a/b", "a/b/amd64"])
def test_nothing_is_written_through_a_link(tmp_path: Path, link: str) -> None:
    """Neither the directory, nor one above, nor one below may be a link."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_bytes(b"theirs")
    root = tmp_path / "root"
    (root / link).parent.mkdir(parents=True)
    (root / link).symlink_to(outside)

    with pytest.raises(ConfigurationError) as caught:
        private.fill(root, ("a", "b"), {"amd64": {"x": b"1"}})

    assert "is a symbolic link or not a directory" in caught.value.what
    assert [row.name for row in outside.iterdir()] == ["kept"]


@pytest.mark.parametrize("name", ["x", "elsewhere"])
def test_an_entry_that_is_a_link_is_replaced(tmp_path: Path, name: str) -> None:
    """What it points at stays as it is."""
    theirs = tmp_path / "theirs"
    theirs.write_bytes(b"theirs")
    folder = tmp_path / "a/amd64"
    folder.mkdir(parents=True)
    (folder / name).symlink_to(theirs)

    private.fill(tmp_path, ("a",), {"amd64": {"x": b"1"}})

    assert theirs.read_bytes() == b"theirs"
    assert [(row.name, row.is_symlink(), row.read_bytes()) for row in folder.iterdir()] == [
        ("x", False, b"1")
    ]


def test_a_state_that_is_a_link_is_named(tmp_path: Path) -> None:
    """The directory of records may not lead to another one."""
    (tmp_path / "other").mkdir()
    (tmp_path / "wheels").symlink_to(tmp_path / "other")

    with pytest.raises(ConfigurationError, match="wheels below"):
        private.write_own(tmp_path / "wheels/a.json", b"1")
    assert list((tmp_path / "other").iterdir()) == []
