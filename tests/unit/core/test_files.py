"""Files are written whole."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from towpath.core import files
from towpath.core.redaction import SECRETS


def test_a_write_leaves_no_scratch_file(tmp_path: Path) -> None:
    """The file is replaced as a whole."""
    files.write_atomically(tmp_path / "a/b.json", b"1")
    files.write_atomically(tmp_path / "a/b.json", b"2")

    assert [(row.name, row.read_bytes()) for row in (tmp_path / "a").iterdir()] == [
        ("b.json", b"2")
    ]


def test_a_files_hash_is_that_of_its_bytes(tmp_path: Path) -> None:
    """Sha256, in hexadecimal digits."""
    (tmp_path / "x").write_bytes(b"1")

    assert files.file_hash(tmp_path / "x") == hashlib.sha256(b"1").hexdigest()


def test_only_plain_files_of_a_directory_are_copied(tmp_path: Path) -> None:
    """A link, a pipe, another name of a file and what is too large are named and left out."""
    source, target, outside = tmp_path / "s", tmp_path / "t", tmp_path / "outside"
    (source / "a").mkdir(parents=True)
    outside.mkdir()
    (outside / "key").write_text("secret")
    (source / "a/b.txt").write_text("plain")
    (source / "link").symlink_to(outside / "key")
    (source / "folder").symlink_to(outside)
    (source / "second").hardlink_to(outside / "key")
    (source / "z").write_text("x" * 11)
    os.mkfifo(source / "pipe")

    left = files.copy_plain(source, target, 10)

    assert left == [
        "folder (a link)",
        "link (a link)",
        "pipe (not a file)",
        "second (has more than one hard link)",
        "z (too large)",
    ]
    assert [path.name for path in target.rglob("*") if path.is_file()] == ["b.txt"]


def test_a_file_that_a_tool_wrote_is_rewritten_only_for_a_secret(tmp_path: Path) -> None:
    """One that is not there is no error."""
    SECRETS.hide("s3cret-value")
    file = tmp_path / "x.xml"
    file.write_bytes(b"a s3cret-value")

    files.redact(file)
    files.redact(tmp_path / "none")

    assert file.read_bytes() == b"a ***"


@pytest.mark.parametrize("bits", [0o000, 0o022, 0o077, 0o277])
def test_a_file_has_the_mode_that_was_asked_for(tmp_path: Path, bits: int) -> None:
    """Exactly, or what the umask leaves; a link of its name is replaced and never followed."""
    (tmp_path / "theirs").write_bytes(b"theirs")
    (tmp_path / "exact").symlink_to(tmp_path / "theirs")
    before = os.umask(bits)
    try:
        files.write_atomically(tmp_path / "exact", b"1", 0o640)
        files.write_atomically(tmp_path / "usual", b"2")
    finally:
        os.umask(before)

    found = {name: (tmp_path / name).stat().st_mode & 0o777 for name in ("exact", "usual")}
    assert found == {"exact": 0o640, "usual": 0o666 & ~bits}
    assert (tmp_path / "theirs").read_bytes() == b"theirs"
    assert not (tmp_path / "exact").is_symlink()
