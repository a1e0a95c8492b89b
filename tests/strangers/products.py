"""Projects that are built and deployed, each as the files that it has before `init`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

MANAGE = """\
import os
import sys

from django.core.management import execute_from_command_line

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
execute_from_command_line(sys.argv)
"""
WSGI = """\
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
application = get_wsgi_application()
"""
SETTINGS = """\
import os
from pathlib import Path

import dj_database_url

BASE_DIR = Path(__file__).resolve().parent.parent
SECRET_KEY = os.environ["SECRET_KEY"]
DEBUG = os.environ.get("DEBUG", "False") == "True"
ALLOWED_HOSTS = os.environ["ALLOWED_HOSTS"].split(",")
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.staticfiles", "shop"]
MIDDLEWARE = ["django.middleware.security.SecurityMiddleware"]
MIDDLEWARE += ["whitenoise.middleware.WhiteNoiseMiddleware"]
ROOT_URLCONF = "shop.urls"
DATABASES = {"default": dj_database_url.config()}
REDIS_URL = os.environ["REDIS_URL"]
REDIS_CACHE = "django.core.cache.backends.redis.RedisCache"
CACHES = {"default": {"BACKEND": REDIS_CACHE, "LOCATION": REDIS_URL}}
CELERY_BROKER_URL = REDIS_URL
CELERY_RESULT_BACKEND = REDIS_URL
CELERY_BEAT_SCHEDULE = {"count": {"task": "shop.tasks.count", "schedule": 2.0}}
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
"""
CELERY = """\
import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
app = Celery("shop")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
"""
TASKS = """\
from celery import shared_task
from django.core.cache import cache


@shared_task
def add(one, other):
    return one + other


@shared_task
def count():
    cache.set("beats", cache.get("beats", 0) + 1, None)
"""
URLS = """\
from django.core.cache import cache
from django.http import HttpResponse
from django.templatetags.static import static
from django.urls import path

from shop.models import Item
from shop.tasks import add


def front(request):
    return HttpResponse(f"The shop has {Item.objects.count()} items. {static('shop/style.css')}")


def work(request):
    return HttpResponse(f"sum {add.delay(2, 3).get(timeout=20)}, beats {cache.get('beats', 0)}")


urlpatterns = [path("", front), path("work/", work)]
"""
MODELS = """\
from django.db import models


class Item(models.Model):
    name = models.CharField(max_length=50)
"""
MIGRATION = """\
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            "Item",
            [
                ("id", models.BigAutoField(primary_key=True)),
                ("name", models.CharField(max_length=50)),
            ],
        )
    ]
"""
PYPROJECT = """\
[project]
name = "corner-shop"
version = "1.0"
requires-python = ">=3.11"
dependencies = [
    "django>=5.2,<5.3",
    "celery[redis]>=5.5",
    "dj-database-url>=3",
    "gunicorn>=23",
    "psycopg[binary]>=3.2",
    "whitenoise>=6.9",
]
"""


def start(folder: Path) -> None:
    """Make what `startproject` makes, with requirements of two lines."""
    folder.mkdir()
    argv = [sys.executable, "-m", "django", "startproject", "shop", "."]
    subprocess.run(argv, cwd=folder, check=True)
    (folder / "requirements.txt").write_text("Django>=5.2,<5.3\ngunicorn\n")


def celery(folder: Path) -> None:
    """Make a project with Celery, Redis, DATABASE_URL and uv.lock."""
    files = {
        "manage.py": MANAGE,
        "pyproject.toml": PYPROJECT,
        ".python-version": "3.13\n",
        "shop/__init__.py": "from shop.celery import app as celery_app\n",
        "shop/wsgi.py": WSGI,
        "shop/settings.py": SETTINGS,
        "shop/celery.py": CELERY,
        "shop/tasks.py": TASKS,
        "shop/urls.py": URLS,
        "shop/models.py": MODELS,
        "shop/migrations/__init__.py": "",
        "shop/migrations/0001_initial.py": MIGRATION,
        "shop/static/shop/style.css": "body { color: black }\n",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    argv = [sys.executable, "-m", "uv", "lock", "--quiet", "--python", sys.executable]
    subprocess.run(argv, cwd=folder, check=True)
