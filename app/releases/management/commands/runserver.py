"""`runserver` for a fresh clone: it creates the SQLite database first."""

from __future__ import annotations

from django.conf import settings
from django.contrib.staticfiles.management.commands import runserver
from django.core.management import call_command
from django.db import connection

CHECKOUTS = ("local", "development")


class Command(runserver.Command):
    """Django's development server, with the development database brought up to date first."""

    def check_migrations(self) -> None:
        """Migrate the SQLite database of a checkout; elsewhere only list missing migrations."""
        if settings.ENVIRONMENT in CHECKOUTS and connection.vendor == "sqlite":
            call_command("migrate", interactive=False, verbosity=0)
        super().check_migrations()
