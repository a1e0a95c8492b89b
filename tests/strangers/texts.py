"""Files that several of the projects have: a model, its view, its admin page, its tests."""

MANAGE = """\
#!/usr/bin/env python
import os
import sys


def main():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "{settings}")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
"""
WSGI = """\
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "{settings}")

application = get_wsgi_application()
"""
SETTINGS = """\
from pathlib import Path
{imports}
BASE_DIR = Path(__file__).resolve().parent.parent
SECRET_KEY = {secret}
DEBUG = {debug}
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    {app},
]
MIDDLEWARE = ["django.middleware.security.SecurityMiddleware"]
ROOT_URLCONF = "{package}.urls"
WSGI_APPLICATION = "{package}.wsgi.application"
DATABASES = {{"default": {database}}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
STATIC_URL = "static/"
"""
URLS = """\
from django.urls import path
from {app}.views import total

urlpatterns = [path("total/<int:count>/", total)]
"""
VIEWS = """\
from django.http import JsonResponse

from .models import Book


def total(request, count):
    if count > 100:
        return JsonResponse({"error": "too many"}, status=400)
    prices = [book.price for book in Book.objects.all()[:count]]
    return JsonResponse({"total": sum(prices)})
"""
MODELS = """\
from django.db import models


class Book(models.Model):
    title = models.CharField(max_length=100)
    price = models.IntegerField(default=0)

    def __str__(self):
        return self.title
"""
MIGRATION = """\
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="Book",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("title", models.CharField(max_length=100)),
                ("price", models.IntegerField(default=0)),
            ],
        ),
    ]
"""
TESTS = """\
from django.test import TestCase

from {app}.models import Book


class TotalTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        Book.objects.create(title="One", price=3)
        Book.objects.create(title="Two", price=4)

    def test_sum(self):
        self.assertEqual(self.client.get("/total/2/").json(), {{"total": 7}})

    def test_too_many(self):
        self.assertEqual(self.client.get("/total/101/").status_code, 400)

    def test_name(self):
        for name in ("One", "Two"):
            with self.subTest(name=name):
                self.assertEqual(str(Book.objects.get(title=name)), name)
"""
PYTEST = """\
import pytest

from {app}.models import Book


@pytest.mark.django_db
def test_sum(client):
    Book.objects.create(title="One", price=3)
    assert client.get("/total/2/").json() == {{"total": 3}}


def test_too_many(client):
    assert client.get("/total/101/").status_code == 400


def test_name():
    assert str(Book(title="One")) == "One"


@pytest.mark.slow
def test_that_nobody_runs():
    raise AssertionError
"""
CELERY = """\
import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "{settings}")
app = Celery("shop")
app.conf.broker_url = os.environ.get("REDIS_URL", "redis://localhost:6379/0")
app.autodiscover_tasks()
"""
ASGI = """\
import os

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "{settings}")
application = ProtocolTypeRouter({{"http": get_asgi_application()}})
"""
# In tests there is no server: a file stands in for it, as many do.
MYSQL = """{
    "ENGINE": "django.db.backends.mysql",
    "NAME": os.environ["DB_NAME"],
    "USER": os.environ["DB_USER"],
    "PASSWORD": os.environ["DB_PASSWORD"],
    "HOST": os.environ["DB_HOST"],
} if "DB_HOST" in os.environ else {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}"""
DOCKERFILE = """\
FROM python:3.13-slim
WORKDIR /app
COPY requirements.txt .
RUN --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \\
    pip install --no-cache-dir --timeout=120 --resume-retries=20 -r requirements.txt
COPY . .
USER 1000
EXPOSE 8000
CMD ["daphne", "--bind=0.0.0.0", "--port=8000", "chat.asgi:application"]
"""
ASSETS = """\
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";

mkdirSync("static/built", { recursive: true });
writeFileSync("static/built/site.css", readFileSync("frontend/site.css", "utf8").toUpperCase());
"""
STATIC = """\
INSTALLED_APPS += ["django.contrib.staticfiles"]
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = BASE_DIR / "collected"
"""
SERVED = """
from django.conf import settings
from django.urls import re_path
from django.views.static import serve

urlpatterns += [re_path("^static/(?P<path>.*)$", serve, {"document_root": settings.STATIC_ROOT})]
"""
SQLITE = '{"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "db.sqlite3"}'


def app(folder: str, name: str) -> dict[str, str]:
    """Return the files of an app with a model and a view, without tests."""
    return {
        f"{folder}/__init__.py": "",
        f"{folder}/models.py": MODELS,
        f"{folder}/views.py": VIEWS,
        f"{folder}/migrations/__init__.py": "",
        f"{folder}/migrations/0001_initial.py": MIGRATION,
        f"{folder}/apps.py": (
            "from django.apps import AppConfig\n\n\n"
            f'class {name.rpartition(".")[2].title()}Config(AppConfig):\n    name = "{name}"\n'
        ),
    }


def site(folder: str, package: str, app: str, **values: str) -> dict[str, str]:
    """Return the package of a project's settings, URLs and WSGI application."""
    known = {
        "imports": "",
        "secret": '"not-a-real-key-but-a-long-one-for-development-only-0123456789"',
        "debug": "True",
        "database": SQLITE,
        "app": f'"{app}"',
        "package": package,
    } | values
    return {
        f"{folder}/__init__.py": "",
        f"{folder}/settings.py": SETTINGS.format(**known),
        f"{folder}/urls.py": URLS.format(app=app),
        f"{folder}/wsgi.py": WSGI.format(settings=f"{package}.settings"),
    }
