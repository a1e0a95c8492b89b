"""The secrets of an environment."""

from __future__ import annotations

from pathlib import Path

from tests.state import DirectoryState
from towpath.config import Config, parse
from towpath.environments import secrets

NAMES = {"database_password", "database_app_password", "queue_password", "secret_key"}


def config(root: Path) -> Config:
    """Return a product with a database, a queue and a secret of its own."""
    table = {
        "services": {"database": "postgres", "queue": "rabbitmq", "cache": "memcached"},
        "env": {"SECRET_KEY": "{secret.secret_key}"},
    }
    return parse(table, root, {})


def test_secrets_are_made_once_and_differ(tmp_path: Path) -> None:
    """A second call keeps every one of them."""
    secrets.ensure(DirectoryState(tmp_path), config(tmp_path))
    first = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    secrets.ensure(DirectoryState(tmp_path), config(tmp_path))
    second = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}

    assert first == second
    assert set(first) == {*NAMES, "queue_settings"}
    assert len({first[name] for name in NAMES}) == len(NAMES)
    assert all(len(first[name]) == 64 for name in NAMES)


def test_the_directory_keeps_others_away_and_the_files_let_containers_read(tmp_path: Path) -> None:
    """Containers have users of their own, and get the files one by one."""
    directory = tmp_path / "secrets"
    secrets.ensure(DirectoryState(tmp_path), config(tmp_path))

    assert directory.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in directory.iterdir()} == {0o444}


def test_the_queue_gets_the_same_password_as_its_users(tmp_path: Path) -> None:
    """RabbitMQ reads it from its own settings."""
    secrets.ensure(DirectoryState(tmp_path), config(tmp_path))
    password = (tmp_path / "secrets/queue_password").read_text()

    assert f"default_pass = {password}\n" in (tmp_path / "secrets/queue_settings").read_text()
