"""The files that requirements consist of."""

from __future__ import annotations

from pathlib import Path

from towpath.source.requirement_files import with_included


def write(root: Path, files: dict[str, str]) -> None:
    """Write the files of a project."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def test_what_is_included_is_there_once(tmp_path: Path) -> None:
    """Straight or by others, as a requirement or as a limit."""
    write(
        tmp_path,
        {
            "requirements/dev.txt": "-r base.txt\n-c ../limits.txt\npytest\n",
            "requirements/base.txt": "--requirement=common.txt\n",
            "requirements/common.txt": "-c ../limits.txt\ndjango\n",
            "limits.txt": "django<6\n",
        },
    )

    assert with_included(tmp_path, ["./requirements/dev.txt", "uv.lock"]) == [
        *("requirements/dev.txt", "uv.lock", "requirements/base.txt", "limits.txt"),
        "requirements/common.txt",
    ]


def test_files_that_include_each_other_end(tmp_path: Path) -> None:
    """By whatever path they name each other; a missing one includes nothing."""
    write(
        tmp_path,
        {
            "requirements/a.txt": "-r ../requirements/b.txt\n",
            "requirements/b.txt": "-r ../requirements/a.txt\n-r gone.txt\n",
        },
    )

    assert with_included(tmp_path, ["requirements/a.txt"]) == [
        *("requirements/a.txt", "requirements/b.txt", "requirements/gone.txt"),
    ]
