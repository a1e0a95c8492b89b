"""The settings of each environment, read afresh from a set of variables."""

from __future__ import annotations

import os
import runpy
from pathlib import Path
from typing import Any

import pytest

from config.env import SettingError

APP = Path(__file__).resolve().parents[2] / "app"
SERVED = {
    "ENVIRONMENT": "production",
    "SECRET_KEY": "k" * 60,
    "ALLOWED_HOSTS": "dash.example.org",
    "DATABASE_HOST": "database",
    "CACHE_HOSTS": "memcached:11211",
    "QUEUE_HOST": "queue",
}


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that reads a settings file with these variables and no others."""

    def run(values: dict[str, str], file: str = "config/settings.py") -> dict[str, Any]:
        with monkeypatch.context() as patch:
            for name in os.environ:
                patch.delenv(name)
            for name, value in values.items():
                patch.setenv(name, value)
            return runpy.run_path(str(APP / file))

    return run


def test_without_variables_it_runs_on_its_own(load: Any) -> None:
    """A fresh clone needs no service: SQLite, local memory, work done in process."""
    found = load({})

    assert found["ENVIRONMENT"] == "local"
    assert found["DATABASES"]["default"]["ENGINE"] == "django.db.backends.sqlite3"
    assert found["CACHES"]["default"]["BACKEND"].endswith("LocMemCache")
    assert found["CELERY_TASK_ALWAYS_EAGER"] is True
    assert found["RELEASE_VERSION"] == found["RELEASE_DIGEST"] == "unknown"


def test_without_variables_no_door_is_open(load: Any) -> None:
    """No debug page, loopback hosts only, and another key in each process."""
    first, second = load({}), load({})

    assert first["DEBUG"] is False
    assert first["ALLOWED_HOSTS"] == ["localhost", "127.0.0.1", "[::1]"]
    assert first["SECRET_KEY"] != second["SECRET_KEY"]
    assert len(first["SECRET_KEY"]) >= 64
    assert first["INGEST_TOKEN"] == ""


def test_development_is_open_where_it_is_named(load: Any) -> None:
    """Whoever wants debug pages says so."""
    found = load({"ENVIRONMENT": "development"})

    assert (found["DEBUG"], found["SECRET_KEY"]) == (True, "development-only")


@pytest.mark.parametrize("environment", ["staging", "production"])
@pytest.mark.parametrize("key", ["x", "k" * 49, "django-insecure-" + "k" * 50])
def test_a_served_environment_wants_a_long_key(load: Any, environment: str, key: str) -> None:
    """What can be guessed stops the start, and the message does not tell it."""
    with pytest.raises(SettingError, match="^SECRET_KEY: .* at least 50 characters") as caught:
        load({**SERVED, "ENVIRONMENT": environment, "SECRET_KEY": key})

    assert key not in str(caught.value) or key == "x"


@pytest.mark.parametrize("environment", ["staging", "production"])
@pytest.mark.parametrize(
    "host",
    ["*", "dash.example.org,*", "*.example.org", ".", ".org", "a b", "https://a.example"]
    + [
        "a.example:8000",
        "0.0.0.0",
        "[::]",
        "[fe80::1%25eth0]",
        "999.1.1.1",
        "a/b",
        "\u0430.example",
    ],
)
def test_a_served_environment_names_its_hosts(load: Any, environment: str, host: str) -> None:
    """A pattern for every host there is, or what is no host, stops the start."""
    with pytest.raises(SettingError, match="^ALLOWED_HOSTS: .* is not a host"):
        load({**SERVED, "ENVIRONMENT": environment, "ALLOWED_HOSTS": host})


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "[::1]", "dash.example.org", ".example.org", "a_b", "x-1"]
)
def test_a_host_that_is_named_is_taken(load: Any, host: str) -> None:
    """Names, addresses and a domain with its subdomains."""
    assert load({**SERVED, "ALLOWED_HOSTS": host})["ALLOWED_HOSTS"] == [host]


@pytest.mark.parametrize("origin", ["*", "https://*", "dash.example.org", "ftp://a.example", "//a"])
def test_an_origin_for_every_site_is_refused(load: Any, origin: str) -> None:
    """Who may post for a browser is named, too."""
    with pytest.raises(SettingError, match="^CSRF_TRUSTED_ORIGINS: .* is not an origin"):
        load({**SERVED, "CSRF_TRUSTED_ORIGINS": origin})


def test_origins_that_are_named_are_taken(load: Any) -> None:
    """With a port, with subdomains, or neither."""
    origins = ["https://dash.example.org", "https://*.example.org", "http://localhost:8000"]
    found = load({**SERVED, "CSRF_TRUSTED_ORIGINS": ",".join(origins)})

    assert found["CSRF_TRUSTED_ORIGINS"] == origins


def test_nothing_from_the_cache_is_unpickled_and_nothing_is_uploaded(load: Any) -> None:
    """Values of Memcached are signed JSON, and no file is written to the disk."""
    found = load(SERVED)

    assert found["CACHES"]["default"]["BACKEND"] == "config.signed.SignedMemcached"
    assert found["FILE_UPLOAD_HANDLERS"] == ["config.uploads.RefuseUploads"]


def test_production_uses_the_services_it_is_given(load: Any) -> None:
    """Every service comes from its variables, passwords with odd characters included."""
    found = load(
        {
            **SERVED,
            "DATABASE_PASSWORD": "p@ss",
            "QUEUE_USER": "user",
            "QUEUE_PASSWORD": "p/@:",
            "QUEUE_VHOST": "prod",
        }
    )

    database = found["DATABASES"]["default"]
    assert (database["HOST"], database["PORT"], database["PASSWORD"]) == ("database", 5432, "p@ss")
    assert found["CACHES"]["default"]["LOCATION"] == ["memcached:11211"]
    assert found["CELERY_BROKER_URL"] == "amqp://user:p%2F%40%3A@queue:5672/prod"
    assert "CELERY_TASK_ALWAYS_EAGER" not in found


def test_production_is_strict_by_default(load: Any) -> None:
    """TLS is demanded, remembered by browsers, and no debug page is shown."""
    found = load(SERVED)

    assert found["DEBUG"] is False
    assert found["SECURE_SSL_REDIRECT"] is True
    assert found["SECURE_HSTS_SECONDS"] == 31_536_000
    assert found["CSRF_COOKIE_SECURE"] is True


def test_the_redirect_can_be_turned_off_behind_a_plain_proxy(load: Any) -> None:
    """A proxy on the loopback without TLS would send a browser round in circles."""
    assert load({**SERVED, "SECURE_SSL_REDIRECT": "false"})["SECURE_SSL_REDIRECT"] is False


@pytest.mark.parametrize("name", [name for name in SERVED if name != "ENVIRONMENT"])
@pytest.mark.parametrize("environment", ["staging", "production"])
def test_a_served_environment_names_what_it_lacks(load: Any, environment: str, name: str) -> None:
    """Nothing that an environment needs falls back to a development default."""
    values = {**SERVED, "ENVIRONMENT": environment}
    del values[name]
    with pytest.raises(SettingError, match=f"^{name}: is required because ENVIRONMENT is"):
        load(values)


def test_testing_needs_a_key_and_hosts_but_no_service(load: Any) -> None:
    """A test run chooses its services, never its secrets by default."""
    with pytest.raises(SettingError, match="^SECRET_KEY: is required"):
        load({"ENVIRONMENT": "testing"})

    found = load({"ENVIRONMENT": "testing", "SECRET_KEY": "x", "ALLOWED_HOSTS": "web"})

    assert found["DATABASES"]["default"]["ENGINE"].endswith("sqlite3")
    assert (found["DEBUG"], found["ALLOWED_HOSTS"]) == (False, ["web"])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ENVIRONMENT", "prod"),
        ("DEBUG", "maybe"),
        ("DEBUG", "true"),
        ("RELEASE_DIGEST", "sha256:abc"),
        ("RELEASE_DIGEST", "latest"),
        ("DATABASE_PORT", "five"),
        ("QUEUE_PORT", "70000"),
        ("SECURE_SSL_REDIRECT", "y"),
        ("ALLOWED_HOSTS", "a,,b"),
        ("CSRF_TRUSTED_ORIGINS", ","),
        ("CACHE_HOSTS", "a,"),
        ("SECRET_KEY_FILE", "/run/secrets/none"),
        ("DATABASE_PASSWORD_FILE", "/run/secrets/none"),
        ("QUEUE_PASSWORD_FILE", "/run/secrets/none"),
        ("INGEST_TOKEN_FILE", "/run/secrets/none"),
    ],
)
def test_a_wrong_value_stops_the_start_and_names_its_variable(
    load: Any, name: str, value: str
) -> None:
    """No setting is guessed from a value that cannot be meant."""
    with pytest.raises(SettingError) as caught:
        load({**SERVED, name: value})

    assert str(caught.value).startswith(f"{name.removesuffix('_FILE')}")


def test_static_files_carry_their_hash_once_collected(load: Any) -> None:
    """The image serves collected files; a checkout serves them where they lie."""
    assert "Manifest" in load(SERVED)["STORAGES"]["staticfiles"]["BACKEND"]
    collecting = {"ENVIRONMENT": "development", "DEBUG": "false"}
    assert "Manifest" in load(collecting)["STORAGES"]["staticfiles"]["BACKEND"]
    assert "Manifest" not in load({})["STORAGES"]["staticfiles"]["BACKEND"]


def test_gunicorn_is_told_by_variables(load: Any) -> None:
    """Workers and threads are read as strictly as any setting."""
    found = load({"WEB_WORKERS": "3"}, "gunicorn.conf.py")

    assert (found["bind"], found["workers"], found["threads"]) == ("0.0.0.0:8000", 3, 4)
    assert found["graceful_timeout"] == 30
    # The proxy opens a connection for each request: nobody waits for another one.
    assert found["keepalive"] == 0
    with pytest.raises(SettingError, match="^WEB_WORKERS: 'many' is not a valid number"):
        load({"WEB_WORKERS": "many"}, "gunicorn.conf.py")
