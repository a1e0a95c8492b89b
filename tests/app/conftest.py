"""The app under test uses one real service at most: the database that the environment names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.test import Client
from pytest_django import Settings

from config import app
from health.checks import READINESS
from tests.app import keeping
from tests.app.reports import TOKEN, Report

Send = Callable[..., Any]


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings: None,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[None]:
    """Keep SQLite's test database in a file, and with --reuse-db for the next run too.

    Django never closes a connection to one in memory, so those of the health checks' threads leak.
    """
    if connection.vendor != "sqlite":
        yield
        return
    path = tmp_path_factory.mktemp("database") / "test.sqlite3"
    connection.settings_dict["TEST"]["NAME"] = str(path)
    kept = keeping.place(request.config)
    if kept:
        keeping.take(kept, path)
    yield
    connection.close()
    if kept and not request.session.testsfailed:
        keeping.give_back(path, kept)


@pytest.fixture
def real_migrations(transactional_db: None, settings: Settings) -> None:
    """Let migrations be what they are, also where --no-migrations made the tables from models."""
    settings.MIGRATION_MODULES = {}
    call_command("migrate", fake=True, verbosity=0)


@pytest.fixture(autouse=True)
def own_services(settings: Settings) -> Iterator[None]:
    """Keep the cache in memory and the queue in process, and know the token."""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    settings.INGEST_TOKEN = TOKEN
    settings.SECURE_SSL_REDIRECT = False
    settings.ALLOWED_HOSTS = ["testserver"]
    eager = app.conf.task_always_eager, app.conf.task_eager_propagates
    app.conf.task_always_eager = app.conf.task_eager_propagates = True
    cache.clear()
    READINESS.forget()
    yield
    cache.close()
    app.conf.task_always_eager, app.conf.task_eager_propagates = eager


@pytest.fixture
def send(client: Client) -> Send:
    """Return a function that hands a report in, as the pipeline does."""

    def hand_in(body: Report | str | bytes, token: str = TOKEN, **extra: Any) -> Any:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        options = {"content_type": "application/json", "headers": headers, **extra}
        return client.post("/api/runs/", body, **options)

    return hand_in
