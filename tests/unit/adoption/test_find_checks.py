"""What the tests and the linters of a project need, and what its Procfile starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.adoption.projects import look, simple
from towpath.adoption import find_checks, find_processes, product

BASE, DEVELOPMENT = "requirements/base.txt", "requirements/development.txt"
PRODUCTION = "requirements/production.txt"


class Files(dict[str, str]):
    """The files of a project."""

    @property
    def paths(self) -> tuple[str, ...]:
        """Return every file, sorted."""
        return tuple(sorted(self))

    def text(self, path: str) -> str | None:
        """Return a file's text, if it is there."""
        return self.get(path)


@pytest.mark.parametrize(
    ("development", "lint"),
    [
        ("-r base.txt\nruff\n", [DEVELOPMENT, PRODUCTION]),
        ("-r production.txt\nruff\n", []),
    ],
)
def test_linters_have_what_production_imports(development: str, lint: list[str]) -> None:
    """The settings of production are checked: a driver that only they name has to be there."""
    texts = {
        BASE: "django\n",
        DEVELOPMENT: development,
        PRODUCTION: "-r base.txt\npsycopg[binary]\n",
    }
    tree = Files(texts)

    found = [*find_checks.dependencies(tree, (".",))]

    rows = [row.value for row in found if row.topic == "test-requirements"]
    assert rows == [DEVELOPMENT]
    assert [row.value for row in found if row.topic == "lint-requirements"] == lint


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("from django.contrib.postgres.operations import TrigramExtension\n", 1),
        ("x = 1\nmigrations.RunSQL('SELECT 1')\n", 2),
        ("with connection.cursor() as cursor:\n    cursor.execute('SELECT last_value')\n", 1),
        ("migrations.AddField('a', 'b')\n", 0),
    ],
)
def test_a_migration_in_the_words_of_one_server_needs_it_for_the_tests(
    text: str, line: int
) -> None:
    """An SQLite of our choice could not apply it."""
    tree = Files({"shop/migrations/0002_x.py": text, "shop/models.py": "RunSQL("})

    assert [row.line for row in find_checks.needs_server(tree)] == ([line] if line else [])


@pytest.mark.parametrize(
    ("ini", "found"),
    [
        ("[uwsgi]\nhttp-socket = :$(PORT)\nvirtualenv = $(VIRTUAL_ENV)\n", ["worker: rq"]),
        ("[uwsgi]\nhttp-socket = :8000\n", ["web: uwsgi ./etc/uwsgi.ini", "worker: rq"]),
    ],
)
def test_a_server_set_up_for_another_machine_is_not_taken_over(ini: str, found: list[str]) -> None:
    """Its variables are those of that machine: it would not start."""
    tree = Files({"Procfile": "web: uwsgi ./etc/uwsgi.ini\nworker: rq\n", "etc/uwsgi.ini": ini})

    assert [row.value for row in find_processes.processes(tree)] == found


@pytest.mark.parametrize(
    ("setting", "image"),
    [("COMPRESS_OFFLINE = True", ["compress"]), ("COMPRESS_OFFLINE = False", None)],
)
def test_pages_that_want_compressed_files_have_them(
    tmp_path: Path, setting: str, image: list[str] | None
) -> None:
    """Without `compress` every page of such a project answers 500."""
    root = simple(tmp_path)
    settings = root / "shop/settings.py"
    settings.write_text(settings.read_text() + f"STATIC_ROOT = 'static'\n{setting}\n")

    table = product.tables(look(root)).get("image", {})

    assert table.get("static-commands") == image
