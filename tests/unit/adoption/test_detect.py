"""What is found in a project, with the line that says so."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.unit.adoption.projects import MANAGE, SETTINGS, WSGI, celery, simple, write
from towpath.adoption import product, uv_lock
from towpath.adoption.detect import detect
from towpath.adoption.facts import Detection
from towpath.adoption.view import Directory


def look(root: Path, **answers: str) -> Detection:
    """Return what is found in a directory."""
    return detect(Directory(root), "shop", answers)


def places(found: Detection, topic: str) -> list[tuple[str, str]]:
    """Return the values of a topic and where each is written."""
    return [(row.value, row.where) for row in found.all(topic)]


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


@pytest.mark.parametrize(
    ("settings", "requirements", "database", "cache"),
    [
        ("django.db.backends.mysql", "mysqlclient", ("mysql",), ()),
        ("django.contrib.gis.db.backends.postgis", "", ("postgresql",), ()),
        ("psqlextra.backend", "psycopg2", ("postgresql",), ()),
        ("django.db.backends.sqlite3", "psycopg==3.2", ("postgresql", "sqlite"), ()),
    ],
)
def test_a_database_is_known_by_its_engine_and_its_driver(
    tmp_path: Path,
    settings: str,
    requirements: str,
    database: tuple[str, ...],
    cache: tuple[str, ...],
) -> None:
    """SQLite beside a driver is what a laptop uses."""
    simple(tmp_path)
    text = f'INSTALLED_APPS = []\nDATABASES = {{"default": {{"ENGINE": "{settings}"}}}}\n'
    write(tmp_path, {"shop/settings.py": text, "requirements.txt": requirements})

    found = look(tmp_path)

    assert (found.values("database"), found.values("cache")) == (database, cache)


@pytest.mark.parametrize(
    ("backend", "cache"),
    [
        ("django_redis.cache.RedisCache", "redis"),
        ("django.core.cache.backends.memcached.PyMemcacheCache", "memcached"),
        ("django.core.cache.backends.db.DatabaseCache", "database"),
        ("locmemcache://", "local memory"),
        ("django.core.cache.backends.dummy.DummyCache", "none"),
    ],
)
def test_a_cache_is_known_by_its_backend(tmp_path: Path, backend: str, cache: str) -> None:
    """The scheme of a URL counts as much as the name of a class."""
    simple(tmp_path)
    text = f'{SETTINGS}CACHES = {{"default": {{"BACKEND": "{backend}"}}}}\n'
    write(tmp_path, {"shop/settings.py": text})

    assert look(tmp_path).values("cache") == (cache,)


def adopted(root: Path) -> dict[str, Any]:
    """Return the tables of the product that `init` writes for a directory."""
    return product.tables(look(root))


def test_a_variable_that_chooses_the_database_gets_the_word_that_the_code_knows(
    tmp_path: Path,
) -> None:
    """Of several kinds that of production; a function of the settings' helpers reads it too."""
    shop = simple(tmp_path)
    settings = (
        "import os\nfrom shop.config import database\nINSTALLED_APPS = []\n"
        'if os.getenv("DB") in ["mysql"]:\n'
        '    DATABASES = {"default": {"ENGINE": "django.db.backends.mysql"}}\n'
        'NAME = os.getenv("POSTGRES_DB")\nROW = dict().get("DATABASE")\n'
        'if os.getenv("DB") == "postgres":\n'
        '    DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql"}}\n'
    )
    helper = (
        "import os\n\ndef database():\n"
        '    return {"HOST": os.getenv("SHOP_DB_HOST"), "TYPE": os.getenv("SHOP_DB_TYPE")}\n'
    )
    text = "django\npsycopg[binary]\n"
    write(
        shop,
        {"shop/settings.py": settings, "shop/config.py": helper, "requirements.txt": text},
    )

    assert adopted(shop)["env"] == {
        "DB": "postgres",
        "POSTGRES_DB": "{database.name}",
        "SHOP_DB_HOST": "{database.host}",
        "SHOP_DB_TYPE": "postgresql",
    }


def test_variables_that_are_only_called_alike_are_left_out(tmp_path: Path) -> None:
    """Hosts of other lists, encrypted addresses; what ALLOWED_HOSTS reads counts by any name."""
    shop = simple(tmp_path)
    settings = (
        "import os\nINSTALLED_APPS = []\n"
        'CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache"}}\n'
        'NAME = os.getenv("SHOP_DOMAIN")\n'
        'ALLOWED_HOSTS = os.getenv("SHOP_NAMES", "").split(",") + [f"www.{NAME}"]\n'
        'A = os.getenv("SHOP_CORS_ALLOWED_HOSTS"), os.getenv("AUTH_WHITELISTED_HOSTS")\n'
        'B = os.getenv("REDIS_TLS_URL"), os.getenv("SHOP_REDIS"), os.getenv("SHOP_REDIS_PREFIX")\n'
    )
    write(shop, {"shop/settings.py": settings})

    assert adopted(shop)["env"] == {"SHOP_NAMES": "{hosts}", "SHOP_REDIS": "{redis.url}"}


def test_a_procfile_for_development_has_no_process_of_production(tmp_path: Path) -> None:
    """Its web process serves with Django itself, or is a target of make."""
    shop = simple(tmp_path)
    write(shop, {"Procfile": "web: make run\ncss: make watch\n"})
    assert list(adopted(shop)["processes"]) == ["web"]
    assert adopted(shop)["processes"]["web"].startswith("gunicorn shop.wsgi:application")

    write(shop, {"Procfile": "release: yes yes | python manage.py migrate\nweb: gunicorn shop\n"})
    assert adopted(shop)["processes"] == {"web": "gunicorn shop"}


def test_packages_are_those_of_production(tmp_path: Path) -> None:
    """A driver that only the developers install needs nothing in the image."""
    shop = simple(tmp_path)
    write(shop, {"requirements-dev.txt": "mysqlclient\n", "requirements.txt": "django\nuwsgi\n"})

    assert adopted(shop)["image"]["build-packages"] == ["libpcre2-dev"]
    write(shop, {"requirements.txt": "django\ngunicorn\npsycopg[c,pool]==3.3.4\n"})
    assert adopted(shop)["image"]["build-packages"] == ["libpq-dev"]
    write(shop, {"requirements.txt": "django\ngunicorn\npsycopg[binary]\n"})
    assert adopted(shop)["image"] == {"static": False}


def test_a_path_may_be_made_by_a_function_of_the_project(tmp_path: Path) -> None:
    """Uploads and an SQLite file are found in `location("public/media")` too."""
    shop = simple(tmp_path)
    settings = (
        "INSTALLED_APPS = []\nlocation = str\n"
        'DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3",'
        ' "NAME": location("a.db")}}\n'
        'MEDIA_ROOT = location("public/media")\n'
    )
    write(shop, {"shop/settings.py": settings})

    assert adopted(shop)["volumes"] == {"media": "public/media"}
    assert adopted(shop)["services"]["database"] == {"kind": "sqlite", "file": "a.db"}


UV_LOCK = """\
[[package]]
name = "shop"
source = { editable = "." }
dependencies = [{ name = "django" }, { name = "celery", extra = ["redis"] }]

[package.optional-dependencies]
dev = [{ name = "uvicorn" }]
postgres = [{ name = "psycopg2-binary" }]

[[package]]
name = "django"
version = "5.2.1"

[[package]]
name = "celery"
version = "5.5"

[package.optional-dependencies]
redis = [{ name = "redis" }]

[[package]]
name = "redis"
version = "6.0"

[[package]]
name = "uvicorn"
version = "0.30"

[[package]]
name = "psycopg2-binary"
version = "2.9"
"""


def test_a_lock_file_says_what_production_and_each_extra_needs(tmp_path: Path) -> None:
    """A server of the developers is none; a driver that an extra has is asked for by the extra."""
    shop = simple(tmp_path)
    (shop / "requirements.txt").unlink()
    settings = (
        "import os\nINSTALLED_APPS = []\nDATABASES = {'default': {'ENGINE': os.getenv('E')}}\n"
    )
    write(shop, {"uv.lock": UV_LOCK, "shop/settings.py": settings})

    assert adopted(shop)["image"]["extras"] == ["postgres"]
    assert adopted(shop)["image"]["extra"] == ["gunicorn"]
    assert adopted(shop)["services"] == {"database": "postgres:17"}
    assert uv_lock.reasons(tomllib.loads(UV_LOCK)["package"]) == {
        "django": "",
        "celery": "",
        "redis": "",
        "uvicorn": "dev",
        "psycopg2-binary": "postgres",
    }
    assert uv_lock.reasons([{"name": "django"}]) is None


@pytest.mark.parametrize(("asgi", "server"), [("", "gunicorn"), ("shop/asgi.py", "uvicorn")])
def test_a_server_of_asgi_counts_where_there_is_an_application(
    tmp_path: Path, asgi: str, server: str
) -> None:
    """It cannot serve a WSGI application."""
    shop = simple(tmp_path)
    write(shop, {"requirements.txt": "django\nuvicorn\n"})
    if asgi:
        write(shop, {asgi: WSGI.format(settings="shop.settings").replace("wsgi", "asgi")})

    assert adopted(shop)["processes"]["web"].startswith(f"{server} shop.")


def test_static_files_of_a_remote_storage_are_not_collected_for_the_image(tmp_path: Path) -> None:
    """Collecting them would upload them."""
    shop = simple(tmp_path)
    settings = (
        'INSTALLED_APPS = []\nSTATIC_ROOT = "/static"\nSTORAGES = {\n'
        '    "default": {"BACKEND": "storages.backends.s3.S3Storage"},\n'
        '    "staticfiles": {"BACKEND": "BACKEND_OF_STATIC"},\n}\n'
    )
    name = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
    write(shop, {"shop/settings.py": settings.replace("BACKEND_OF_STATIC", name)})
    assert "image" not in adopted(shop)

    name = "storages.backends.s3.S3Storage"
    write(shop, {"shop/settings.py": settings.replace("BACKEND_OF_STATIC", name)})
    assert adopted(shop)["image"] == {"static": False}
    assert places(look(shop), "static-storage") == [(name, "shop/settings.py:5")]


def test_a_server_that_only_the_own_dockerfile_installs_is_added_to_the_image(
    tmp_path: Path,
) -> None:
    """The image's command names it; no file of requirements does."""
    shop = simple(tmp_path)
    own = 'FROM python:3.13\nRUN pip install uwsgi\nCMD ["uwsgi", "--ini", "a.ini"]\n'
    write(shop, {"requirements.txt": "django\n", "Dockerfile": own})
    assert adopted(shop)["image"]["extra"] == ["uwsgi"]

    write(shop, {"requirements.txt": "django\npyuwsgi\n"})
    assert "extra" not in adopted(shop)["image"]
