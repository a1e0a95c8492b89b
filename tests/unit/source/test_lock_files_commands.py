"""Lock files are exported and checked by the tools that write them."""

from __future__ import annotations

import pytest

from towpath.source import lock_files_commands as commands
from towpath.source.lock_files_commands import Selection

PROGRAMS = {"python": "py", "poetry": "po", "pdm": "pd", "pipenv": "pi"}
WANTED = Selection(groups=("dev", "test"), extras=("db",))
PRODUCTION = Selection(production=True)


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (
            "uv.lock",
            "py -m uv export --frozen --format=requirements-txt --quiet --no-emit-workspace",
        ),
        ("back/uv.lock", "--directory=back --extra=db --group=dev --group=test --output-file=out"),
        ("poetry.lock", "po --directory=. export --no-interaction --with=dev,test --extras=db"),
        ("pdm.lock", "pd export --project=. --group=dev --group=test --group=db --output=out"),
        ("Pipfile.lock", "pi requirements --dev --hash"),
        ("requirements.txt", ""),
        ("pyproject.toml", ""),
    ],
)
def test_a_lock_file_is_exported_by_the_tool_that_wrote_it(file: str, words: str) -> None:
    """Anything else is installed as it is."""
    argv = commands.export(PROGRAMS, file, WANTED, "out")

    assert words in " ".join(argv)
    assert bool(words) == bool(argv) == bool(commands.tool_of(file))


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("uv.lock", "--no-emit-project --no-default-groups --no-header"),
        ("poetry.lock", "po --directory=. export --no-interaction --output=out"),
        ("pdm.lock", "pd export --project=. --prod --output=out"),
        ("Pipfile.lock", "pi requirements --hash"),
    ],
)
def test_production_gets_no_group_that_nobody_names(file: str, words: str) -> None:
    """Tools for development stay outside of the image."""
    assert words in " ".join(commands.export(PROGRAMS, file, PRODUCTION, "out"))


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("uv.lock", "py -m uv lock --check --directory=."),
        ("back/poetry.lock", "po --directory=back check --lock --no-interaction"),
        ("pdm.lock", "pd lock --check --project=."),
        ("Pipfile.lock", "pi verify"),
    ],
)
def test_each_tool_says_whether_its_lock_file_is_current(file: str, words: str) -> None:
    """It compares the lock file with the project."""
    assert " ".join(commands.check(PROGRAMS, file)) == words
