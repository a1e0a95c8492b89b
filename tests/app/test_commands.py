"""Commands: the development server's first act, and the state of the migrations."""

from __future__ import annotations

import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import CharField
from pytest_django import Settings

from releases.management.commands.runserver import Command
from releases.models import Run


def applied() -> set[str]:
    """Return the names of the applied migrations of this app."""
    loader = MigrationExecutor(connection).loader
    return {name for app, name in loader.applied_migrations if app == "releases"}


@pytest.mark.usefixtures("real_migrations")
@pytest.mark.parametrize(("environment", "migrates"), [("development", True), ("testing", False)])
def test_runserver_makes_the_development_database(
    settings: Settings, environment: str, migrates: bool
) -> None:
    """A fresh clone serves at once; any other database is migrated on purpose."""
    settings.ENVIRONMENT = environment
    call_command("migrate", "releases", "zero", verbosity=0)
    try:
        Command(stdout=StringIO()).check_migrations()
        found = applied()
    finally:
        call_command("migrate", verbosity=0)

    assert bool(found) is (migrates and connection.vendor == "sqlite")


@pytest.mark.usefixtures("real_migrations")
def test_migrations_go_back_and_forth() -> None:
    """Every table goes and comes back."""
    call_command("migrate", "releases", "zero", verbosity=0)
    gone = connection.introspection.table_names()
    call_command("migrate", verbosity=0)

    assert not [name for name in gone if name.startswith("releases_")]
    assert "releases_run" in connection.introspection.table_names()


@pytest.mark.usefixtures("real_migrations")
def test_models_and_migrations_agree() -> None:
    """A model changed without its migration is noticed here."""
    out = StringIO()
    call_command("makemigrations", check=True, dry_run=True, stdout=out)

    assert "releases" in MigrationExecutor(connection).loader.migrated_apps
    assert out.getvalue() == "No changes detected\n"


@pytest.mark.usefixtures("real_migrations")
def test_a_model_without_its_migration_is_noticed() -> None:
    """The check above can fail: here is a field that no migration knows."""
    out = StringIO()
    field = CharField(max_length=3, default="")
    field.contribute_to_class(Run, "forgotten")
    try:
        with pytest.raises(SystemExit):
            call_command("makemigrations", check=True, dry_run=True, stdout=out)
    finally:
        Run._meta.local_fields.remove(field)
        Run._meta._expire_cache()
        del Run.forgotten

    assert "forgotten" in out.getvalue()


def test_a_wrong_setting_ends_the_command_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message and exit code 2 are all there is."""
    import manage

    from config.env import SettingError

    class Broken:
        """Settings that cannot be read."""

        @property
        def ENVIRONMENT(self) -> str:  # noqa: N802 - the name of the setting
            raise SettingError("DEBUG", "'maybe' is not a boolean", "true, false")

    monkeypatch.setattr("django.conf.settings", Broken())
    with pytest.raises(SystemExit) as caught:
        manage.main()

    assert caught.value.code == 2
    assert capsys.readouterr().err == "DEBUG: 'maybe' is not a boolean. Allowed: true, false.\n"


def test_manage_runs_what_is_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With sound settings Django's own commands run."""
    import manage

    monkeypatch.setattr(sys, "argv", ["manage.py", "check"])
    manage.main()

    assert "System check identified no issues" in capsys.readouterr().out
    assert Path(manage.__file__).parent.name == "app"
