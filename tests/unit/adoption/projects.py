"""Small Django projects like those that people have, written into a directory of the test."""

from __future__ import annotations

from pathlib import Path

from towpath.adoption.detect import detect
from towpath.adoption.facts import Detection
from towpath.adoption.view import Directory

MANAGE = """\
import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "{settings}")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
"""
WSGI = """\
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "{settings}")

application = get_wsgi_application()
"""
SETTINGS = """\
INSTALLED_APPS = ["django.contrib.admin"]
ROOT_URLCONF = "shop.urls"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3"}}
"""
BASE = """\
import environ

env = environ.Env()
INSTALLED_APPS = ["django.contrib.admin", "django_celery_beat"]
DATABASES = {"default": env.db("DATABASE_URL", default="postgres:///shop")}
REDIS_URL = env("REDIS_URL", default="redis://redis:6379/0")
CELERY_BROKER_URL = REDIS_URL
CELERY_BEAT_SCHEDULE = {}
STATIC_ROOT = "/static"
"""
PRODUCTION = """\
from .base import *
from .base import env

SECRET_KEY = env("SHOP_KEY", default="")
ALLOWED_HOSTS = env.list("SHOP_HOSTS")
STRIPE_TOKEN = env("STRIPE_TOKEN")
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache"}}
if env.bool("USE_MAIL", default=False):
    MAIL_HOST = env("MAIL_HOST")
"""


def write(root: Path, files: dict[str, str]) -> Path:
    """Write files below a directory and return it."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def simple(root: Path) -> Path:
    """Write what `startproject` makes, with requirements of two lines."""
    return write(
        root,
        {
            "manage.py": MANAGE.format(settings="shop.settings"),
            "shop/__init__.py": "",
            "shop/settings.py": SETTINGS,
            "shop/wsgi.py": WSGI.format(settings="shop.settings"),
            "requirements.txt": "django>=5.2,<5.3\ngunicorn\n",
        },
    )


def celery(root: Path) -> Path:
    """Write a project with settings for each environment, Celery, Redis and uv.lock."""
    return write(
        root,
        {
            "manage.py": MANAGE.format(settings="config.settings.local"),
            "config/__init__.py": "",
            "config/wsgi.py": WSGI.format(settings="config.settings.production"),
            "config/celery.py": "from celery import Celery\n\napp = Celery('shop')\n",
            "config/settings/__init__.py": "",
            "config/settings/base.py": BASE,
            "config/settings/local.py": "from .base import *\n",
            "config/settings/production.py": PRODUCTION,
            "pyproject.toml": '[project]\nname = "The Shop"\nrequires-python = ">=3.12"\n'
            'dependencies = ["django", "celery[redis]", "psycopg[c]"]\n'
            "\n[tool.pytest.ini_options]\n\n[tool.ruff]\n",
            "uv.lock": '[[package]]\nname = "django"\nversion = "5.2.1"\n'
            '\n[[package]]\nname = "celery"\nversion = "5.5.0"\n'
            '\n[[package]]\nname = "psycopg"\nversion = "3.2.0"\n',
            "Procfile": "web: gunicorn config.wsgi\nworker: celery -A config worker\n",
        },
    )


def look(root: Path, **answers: str) -> Detection:
    """Return what is found in a directory."""
    return detect(Directory(root), "shop", answers)


def places(found: Detection, topic: str) -> list[tuple[str, str]]:
    """Return the values of a topic and where each is written."""
    return [(row.value, row.where) for row in found.all(topic)]
