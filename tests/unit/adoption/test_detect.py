"""What is found in a project, with the line that says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.adoption.projects import MANAGE, SETTINGS, WSGI, celery, look, places, simple, write


def test_a_new_project_is_found_by_its_files(tmp_path: Path) -> None:
    """Everything that startproject makes has one meaning."""
    found = look(simple(tmp_path))

    assert places(found, "manage") == [("manage.py", "manage.py:6")]
    assert places(found, "settings") == [("shop.settings", "shop/wsgi.py:5")]
    assert places(found, "wsgi") == [("shop.wsgi:application", "shop/wsgi.py:7")]
    assert places(found, "django") == [(">=5.2,<5.3", "requirements.txt:1")]
    assert places(found, "server") == [("gunicorn", "requirements.txt:2")]
    assert places(found, "database") == [("sqlite", "shop/settings.py:3")]
    assert places(found, "requirements") == [("requirements.txt", "requirements.txt:1")]
    assert found.value("tests") == "manage.py test"
    assert found.questions == ()
    assert [found.all(topic) for topic in ("lock", "cache", "queue", "worker", "variable")] == [
        ()
    ] * 5


def test_settings_of_several_environments_are_read_as_production_reads_them(tmp_path: Path) -> None:
    """The module of production and what it imports count; that of manage.py is another one."""
    found = look(celery(tmp_path))

    assert found.value("name") == "The Shop"
    assert places(found, "settings") == [("config.settings.production", "config/wsgi.py:5")]
    assert places(found, "manage-settings") == [("config.settings.local", "manage.py:5")]
    assert places(found, "lock") == [("uv.lock", "uv.lock:1")]
    assert places(found, "django") == [("==5.2.1", "uv.lock:2")]
    assert places(found, "database") == [("postgresql", "config/settings/base.py:5")]
    assert places(found, "cache") == [("redis", "config/settings/production.py:7")]
    assert places(found, "queue") == [("redis", "config/settings/base.py:6")]
    assert places(found, "worker") == [("celery", "config/celery.py:3")]
    assert places(found, "scheduler") == [("celery beat", "config/settings/base.py:8")]
    assert places(found, "static") == [("'/static'", "config/settings/base.py:9")]
    assert places(found, "python-range") == [(">=3.12", "pyproject.toml:3")]
    assert places(found, "tests") == [("pytest", "pyproject.toml:6")]
    assert places(found, "linter") == [("ruff", "pyproject.toml:8")]
    assert found.values("process") == (
        "web: gunicorn config.wsgi",
        "worker: celery -A config worker",
    )


def test_variables_say_whether_production_needs_them(tmp_path: Path) -> None:
    """The secret key always; one that is read behind a switch is not needed."""
    found = look(celery(tmp_path))

    assert {row.value: row.why for row in found.all("variable")} == {
        "DATABASE_URL": "has a default",
        "MAIL_HOST": "has a default",
        "REDIS_URL": "has a default",
        "SHOP_HOSTS": "required",
        "SHOP_KEY": "the secret key",
        "STRIPE_TOKEN": "secret, required",
        "USE_MAIL": "has a default",
    }


def test_two_projects_at_the_same_depth_are_a_question(tmp_path: Path) -> None:
    """An answer decides; one in a directory of tests does not count beside another."""
    for name in ("one", "two", "tests/three"):
        simple(tmp_path / name)

    (question,) = [row for row in look(tmp_path).questions if row.topic == "manage"]

    assert [row.value for row in question.candidates] == ["one/manage.py", "two/manage.py"]
    found = look(tmp_path, manage="two/manage.py")
    assert found.value("manage") == "two/manage.py"
    assert found.value("settings") == "shop.settings"
    assert found.value("database") == "sqlite"


def test_two_settings_modules_of_equal_standing_are_a_question(tmp_path: Path) -> None:
    """Neither their names nor the files that name them decide."""
    write(
        tmp_path,
        {
            "manage.py": MANAGE.format(settings="shop.settings.dev"),
            "shop/settings/dev.py": SETTINGS,
            "shop/settings/live.py": SETTINGS,
            "shop/settings/production.py": SETTINGS,
        },
    )

    (question,) = look(tmp_path).questions

    assert question.topic == "settings"
    assert [row.value for row in question.candidates] == [
        "shop.settings.live",
        "shop.settings.production",
    ]
    found = look(tmp_path, settings="shop.settings.live")
    assert (found.value("settings"), found.questions) == ("shop.settings.live", ())


def test_a_project_below_src_or_backend_is_found(tmp_path: Path) -> None:
    """Its modules are imported from the directory of manage.py."""
    simple(tmp_path / "backend")

    found = look(tmp_path)

    assert found.value("manage") == "backend/manage.py"
    assert found.value("settings") == "shop.settings"
    assert found.value("wsgi") == "shop.wsgi:application"
    assert places(found, "requirements")[0][0] == "backend/requirements.txt"


def test_a_syntax_error_in_settings_is_reported_and_the_rest_is_found(tmp_path: Path) -> None:
    """With the line; nothing that only the settings say is guessed."""
    simple(tmp_path)
    (tmp_path / "shop/settings.py").write_text("DATABASES = {\n")

    found = look(tmp_path)

    assert [(row.where, row.value) for row in found.problems] == [
        ("shop/settings.py:1", "has a syntax error: '{' was never closed")
    ]
    assert found.value("settings") == "shop.settings"
    assert found.all("database") == ()


@pytest.mark.parametrize("text", ["\0", "(" * 5000, "x = " + "-" * 100_000 + "1"])
def test_code_that_cannot_be_parsed_ends_nothing(tmp_path: Path, text: str) -> None:
    """Whatever a file named like settings has in it."""
    simple(tmp_path)
    (tmp_path / "shop/settings.py").write_text(text)

    found = look(tmp_path)

    assert found.value("manage") == "manage.py"
    assert [row.file for row in found.problems] == ["shop/settings.py"]


def test_settings_that_import_each_other_are_read_once(tmp_path: Path) -> None:
    """A circle of imports ends."""
    simple(tmp_path)
    write(
        tmp_path,
        {
            "shop/settings.py": f"from shop.more import *\n{SETTINGS}",
            "shop/more.py": "from shop.settings import *\nSTATIC_ROOT = '/s'\n",
            "shop/wsgi.py": WSGI.format(settings="shop.settings"),
        },
    )

    assert look(tmp_path).value("static") == "'/s'"


def test_an_empty_directory_has_nothing(tmp_path: Path) -> None:
    """And no fact is made up but its name."""
    found = look(tmp_path)

    assert (found.value("name"), found.all("manage"), found.all("settings")) == ("shop", (), ())


@pytest.mark.parametrize(
    ("files", "topic", "values"),
    [
        ({"poetry.lock": "", "pyproject.toml": ""}, "lock", ("poetry.lock",)),
        ({"pdm.lock": ""}, "lock", ("pdm.lock",)),
        ({"Pipfile": "", "Pipfile.lock": "{}"}, "lock", ("Pipfile.lock",)),
        ({"requirements/base.txt": "# via x\n"}, "lock", ("requirements/base.txt",)),
        ({"package.json": "{}", "yarn.lock": ""}, "node", ("yarn",)),
        ({"package.json": '{"packageManager": "pnpm@9"}'}, "node", ("pnpm",)),
        ({"package.json": "["}, "node", ()),
        ({".python-version": "3.12.4\n"}, "python", ("3.12",)),
        ({"runtime.txt": "python-3.11.9\n"}, "python", ("3.11",)),
        ({"Dockerfile": "FROM python:3.13-slim\n"}, "python", ("3.13",)),
        ({"setup.cfg": "[options]\npython_requires = >=3.9\n"}, "python-range", (">=3.9",)),
        (
            {"pyproject.toml": '[tool.poetry.dependencies]\npython = "^3.11"\n'},
            "python-range",
            (">=3.11,<4",),
        ),
        ({".gitlab-ci.yml": ""}, "ci", ("gitlab",)),
        ({"setup.cfg": "[flake8]\n[isort]\n"}, "linter", ("flake8", "isort")),
        ({"pyproject.toml": "[tool.ruff.lint]\n[tool.mypy]\n"}, "linter", ("ruff", "mypy")),
        ({"Procfile": "web: uvicorn shop.asgi\n"}, "server", ("uvicorn", "gunicorn")[:1]),
        ({"requirements.txt": "pytest-django\n"}, "tests", ("pytest",)),
        ({"conftest.py": ""}, "tests", ("pytest",)),
        ({".env.example": "", "src/environment.ts": ""}, "env-file", (".env.example",)),
        ({"noxfile.py": "", "reports/models.py": ""}, "own-file", ("noxfile.py",)),
    ],
)
def test_one_file_says_one_thing(
    tmp_path: Path, files: dict[str, str], topic: str, values: tuple[str, ...]
) -> None:
    """Lock files, node, Pythons, CI, linters, servers, test runners."""
    simple(tmp_path)
    assert look(write(tmp_path, files)).values(topic) == values
