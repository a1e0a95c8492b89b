"""A view of a directory: bounded, and nothing in it ends the command."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.unit.adoption.projects import write
from towpath.adoption.facts import NO_REPOSITORY
from towpath.adoption.view import Directory, find_git


def problems(view: Directory) -> list[tuple[str, str]]:
    """Return the files that could not be read, and why."""
    return [(row.file, row.value) for row in view.problems]


def test_installed_packages_and_caches_are_not_listed(tmp_path: Path) -> None:
    """By the name of the directory, or by what makes it an environment."""
    write(
        tmp_path,
        {
            **dict.fromkeys(("a.py", "node_modules/b.py", ".venv/c.py", ".git/config"), ""),
            **dict.fromkeys(("mine/pyvenv.cfg", "mine/d.py", "app/e.py"), ""),
        },
    )

    assert Directory(tmp_path).paths == ("a.py", "app/e.py")


def test_a_large_tree_ends_at_the_limit_and_says_so(tmp_path: Path) -> None:
    """The rest is not described."""
    write(tmp_path, {f"{number}.txt": "" for number in range(9)})

    view = Directory(tmp_path, limit=5)

    assert len(view.paths) == 5
    assert problems(view) == [(".", "only the first 5 files were looked at")]


def test_links_in_a_circle_and_out_of_the_project_are_not_followed(tmp_path: Path) -> None:
    """A link to a file inside is a file."""
    root = write(tmp_path / "project", {"a.txt": "a"})
    (tmp_path / "secret").write_text("s")
    (root / "loop").symlink_to(root)
    (root / "self").symlink_to("self")
    (root / "out").symlink_to(tmp_path / "secret")
    (root / "in").symlink_to("a.txt")

    view = Directory(root)

    assert [view.text(name) for name in ("a.txt", "in", "out", "self")] == ["a", "a", None, None]
    assert [name for name, _ in problems(view)] == ["out", "self"]


def test_text_is_decoded_as_the_file_says(tmp_path: Path) -> None:
    """UTF-8 with a byte order mark, or the encoding of PEP 263; anything else is a problem."""
    (tmp_path / "bom.py").write_bytes(b"\xef\xbb\xbfx = 1")
    (tmp_path / "latin.py").write_bytes(b"# -*- coding: latin-1 -*-\nx = '\xe4'")
    (tmp_path / "bytes.py").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "lie.py").write_bytes(b"# coding: nonsense\n\xff")

    view = Directory(tmp_path)

    assert view.text("bom.py") == "x = 1"
    assert view.text("latin.py") == "# -*- coding: latin-1 -*-\nx = '\u00e4'"
    assert (view.text("bytes.py"), view.text("lie.py")) == (None, None)
    assert problems(view) == [("bytes.py", "is not UTF-8"), ("lie.py", "is not UTF-8")]


def test_a_pipe_and_a_missing_file_have_no_text(tmp_path: Path) -> None:
    """Reading a pipe would wait for ever."""
    os.mkfifo(tmp_path / "pipe")
    view = Directory(tmp_path)

    assert (view.paths, view.text("pipe"), view.text("none")) == (("pipe",), None, None)


@pytest.mark.parametrize(
    ("head", "origin", "branch"),
    [
        ("ref: refs/heads/master\n", "", "master"),
        ("ref: refs/heads/feature\n", "", ""),
        ("ref: refs/heads/feature\n", "ref: refs/remotes/origin/stable\n", "stable"),
        ("0123456789abcdef\n", "", ""),
    ],
)
def test_the_default_branch_is_that_of_the_remote(
    tmp_path: Path, head: str, origin: str, branch: str
) -> None:
    """Another one that is checked out is not the default one."""
    files = {".git/HEAD": head} | ({".git/refs/remotes/origin/HEAD": origin} if origin else {})
    write(tmp_path, files | {"backend/manage.py": ""})

    assert find_git(tmp_path) == ("", branch)
    assert find_git(tmp_path / "backend") == ("backend", branch)


def test_a_directory_outside_of_a_repository_says_so(tmp_path: Path) -> None:
    """Not that it is the root of one."""
    assert find_git(tmp_path) == (NO_REPOSITORY, "")
