"""What the product needs: services, packages, servers and variables."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.unit.adoption.projects import SETTINGS, WSGI, look, places, simple, write
from towpath.adoption import product, uv_lock


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


@pytest.mark.parametrize(
    ("base", "media", "volume"),
    [
        ("Path(__file__).resolve().parent.parent", 'BASE / "media"', "media"),
        ("Path(__file__).resolve().parents[1]", 'str(BASE.joinpath("up", "load"))', "up/load"),
        ("Path(__file__).resolve().parent", 'BASE / "media"', "shop/media"),
        ("Path(__file__).parent.parent.absolute()", 'BASE.parent / "media"', "/srv/media"),
        ("os.path.dirname(os.path.dirname(os.path.abspath(__file__)))", 'BASE + "/m/"', "m"),
        ("os.path.dirname(__file__)", 'os.path.join(BASE, "..", "..", "media")', "/srv/media"),
        ("environ.Path(__file__) - 2", 'BASE("media")', "media"),
        ("Path(__file__).parent.parent", 'env("MEDIA_ROOT", default=f"{BASE}/m")', "m"),
        ("Path(__file__).parent.parent", 'os.environ.get("MEDIA", "/var/media")', "/var/media"),
        ("unknown()", 'BASE / "media"', "media"),
    ],
)
def test_the_directory_of_uploads_is_where_the_settings_say(
    tmp_path: Path, base: str, media: str, volume: str
) -> None:
    """As seen from manage.py; outside of the project it is absolute, as it is in the image."""
    shop = simple(tmp_path)
    settings = f"INSTALLED_APPS = []\nBASE = {base}\nMEDIA_ROOT = {media}\n"
    write(shop, {"shop/settings.py": settings})

    assert adopted(shop)["volumes"] == {"media": volume}


def test_the_code_is_no_volume_and_static_files_in_one_are_collected_later(tmp_path: Path) -> None:
    """A volume keeps what it has: each deployment collects them."""
    shop = simple(tmp_path)
    head = "INSTALLED_APPS = []\nBASE = Path(__file__).resolve().parent.parent\n"
    write(shop, {"shop/settings.py": f"{head}MEDIA_ROOT = BASE\n"})
    assert "volumes" not in adopted(shop)

    rows = 'MEDIA_ROOT = BASE / "public"\nSTATIC_ROOT = BASE / "public" / "static"\n'
    write(shop, {"shop/settings.py": head + rows})
    found = adopted(shop)
    assert found["image"] == {"static": False}
    assert found["processes"]["release"] == ["python manage.py collectstatic --no-input"]


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
