"""What a check depends on: every file that it is not known to ignore."""

from __future__ import annotations

import pytest

from towpath.core import inputs

FILES = (("README.md", "1"), ("app/a.py", "2"), ("docs/a/b.svg", "3"), ("new.thing", "4"))


def test_gits_listing_becomes_paths_and_what_git_says_of_them() -> None:
    """Also a path with a space or a line break in it."""
    said = "100644 blob aa\tREADME.md\x00100755 blob bb\ta b\nc\x00"

    assert inputs.entries(said) == (("README.md", "100644 blob aa"), ("a b\nc", "100755 blob bb"))
    assert inputs.entries("") == ()


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("docs/", ("docs/a/b.svg",)),
        ("doc/", ()),
        ("*.md", ("README.md",)),
        ("*.svg", ("docs/a/b.svg",)),
        ("a.py", ()),
        ("app/a.py", ("app/a.py",)),
    ],
)
def test_a_pattern_names_a_directory_or_files(pattern: str, found: tuple[str, ...]) -> None:
    """A star stands for slashes too, a name for the whole path."""
    assert inputs.ignored([path for path, _ in FILES], [pattern]) == found


def test_the_order_of_the_files_does_not_matter() -> None:
    """The same files are the same inputs."""
    assert inputs.digest(FILES, ()) == inputs.digest(reversed(FILES), ())


@pytest.mark.parametrize("number", range(len(FILES)))
def test_any_file_counts_unless_it_is_ignored(number: int) -> None:
    """Changed, renamed or gone; an ignored one changes nothing."""
    path, about = FILES[number]
    others = [row for row in FILES if row[0] != path]
    changes = ([*others, (path, "9")], [*others, (f"{path}.x", about)], others)

    assert len({inputs.digest(rows, ()) for rows in (FILES, *changes)}) == 4
    assert len({inputs.digest(rows, [f"{path}*"]) for rows in (FILES, *changes)}) == 1


def test_what_else_is_given_counts() -> None:
    """Each by itself, and in its place."""
    given = [("a", "b"), ("ab",), ("b", "a"), ("a", "b", "")]

    assert len({inputs.digest(FILES, (), *more) for more in given}) == 4
