"""The secrets of an environment."""

from __future__ import annotations

from pathlib import Path

from towpath.environments import secrets


def test_secrets_are_made_once_and_differ(tmp_path: Path) -> None:
    """A second call keeps every one of them."""
    secrets.ensure(tmp_path / "secrets")
    first = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    secrets.ensure(tmp_path / "secrets")
    second = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}

    assert first == second
    assert set(first) == {*secrets.NAMES, secrets.QUEUE_SETTINGS}
    assert len({first[name] for name in secrets.NAMES}) == len(secrets.NAMES)
    assert all(len(first[name]) == 64 for name in secrets.NAMES)


def test_the_directory_keeps_others_away_and_the_files_let_containers_read(tmp_path: Path) -> None:
    """Containers have users of their own, and get the files one by one."""
    directory = tmp_path / "secrets"
    secrets.ensure(directory)

    assert directory.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in directory.iterdir()} == {0o444}


def test_the_queue_gets_the_same_password_as_its_users(tmp_path: Path) -> None:
    """RabbitMQ reads it from its own settings."""
    secrets.ensure(tmp_path)
    password = (tmp_path / "queue_password").read_text()

    assert f"default_pass = {password}\n" in (tmp_path / "queue_settings").read_text()
