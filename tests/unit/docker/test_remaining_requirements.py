"""What is required and not installed yet, with its hashes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.docker.scripts import module

remaining = module("dependencies/remaining_requirements.py")
DJANGO = "django==5.2 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb"
PSYCOPG = "psycopg-binary==3.2 ; python_version >= '3.11' \\\n    --hash=sha256:cc"
PLAIN = "six==1.0"
TEXT = (
    f"# made by uv\n{DJANGO}\n    # via -r production.in\n\n{PSYCOPG}\n    # via psycopg\n{PLAIN}\n"
)


@pytest.mark.parametrize(
    ("name", "normalized"),
    [("Django", "django"), ("psycopg_binary", "psycopg-binary"), ("a.-_B", "a-b")],
)
def test_a_name_has_one_spelling(name: str, normalized: str) -> None:
    """The one of PEP 503."""
    assert remaining.normalized(name) == normalized


@pytest.mark.parametrize(
    ("present", "found"),
    [
        (set(), [DJANGO, PSYCOPG, PLAIN]),
        ({"django"}, [PSYCOPG, PLAIN]),
        ({"django", "psycopg-binary", "six"}, []),
        ({"psycopg"}, [DJANGO, PSYCOPG, PLAIN]),
    ],
)
def test_requirements_keep_their_hashes(present: set[str], found: list[str]) -> None:
    """Comments and what is installed are left out."""
    assert remaining.remaining(TEXT, present) == found


def test_a_requirement_without_a_name_is_refused() -> None:
    """Nobody could tell whether it is installed."""
    with pytest.raises(ValueError, match="does not begin with a name: '@ https://x'"):
        remaining.remaining("@ https://x\n", set())


def test_it_prints_what_the_trees_lack(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Any tree may have it."""
    for tree, name in (("a", "Django-5.2.dist-info"), ("b", "six-1.0.dist-info")):
        (tmp_path / tree / "srv/lib" / name).mkdir(parents=True)
    file = tmp_path / "production.txt"
    file.write_text(TEXT)

    assert remaining.main([str(file), str(tmp_path / "a"), str(tmp_path / "b")]) == 0
    assert capsys.readouterr().out == f"{PSYCOPG}\n"


def test_no_file_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """The script says what it takes."""
    assert remaining.main([]) == 2
    assert capsys.readouterr().err == "usage: remaining_requirements.py REQUIREMENTS TREE...\n"
