"""Files are written whole."""

from __future__ import annotations

import hashlib
from pathlib import Path

from towpath.flows import files


def test_a_write_leaves_no_scratch_file(tmp_path: Path) -> None:
    """The file is replaced as a whole."""
    files.write_whole(tmp_path / "a/b.json", b"1")
    files.write_whole(tmp_path / "a/b.json", b"2")

    assert [(row.name, row.read_bytes()) for row in (tmp_path / "a").iterdir()] == [
        ("b.json", b"2")
    ]


def test_a_files_hash_is_that_of_its_bytes(tmp_path: Path) -> None:
    """Sha256, in hexadecimal digits."""
    (tmp_path / "x").write_bytes(b"1")

    assert files.file_hash(tmp_path / "x") == hashlib.sha256(b"1").hexdigest()
