"""Names of projects, environments and repositories: refused when settings are read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from towpath import config
from towpath.config import names
from towpath.core.errors import ConfigurationError


def refused(table: dict[str, Any], env: dict[str, str] | None = None) -> ConfigurationError:
    """Return the error that these settings are refused with."""
    with pytest.raises(ConfigurationError) as caught:
        config.parse(table, Path("/project"), env or {})
    assert caught.value.code == 2
    return caught.value


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("MyShop", "myshop"),
        ("my shop", "my-shop"),
        ("", "app"),
        ("../../etc", "etc"),
        ("/etc", "etc"),
        ("..", "app"),
        ("-shop", "shop"),
        ("_shop", "shop"),
        ("shop.", "shop"),
        ("caf\u00e9", "caf"),
        ("shop\n", "shop"),
        ("--file=x", "file-x"),
        ("a" * 31, "a" * 30),
    ],
)
def test_a_wrong_name_of_a_project_has_a_right_one_near(name: str, near: str) -> None:
    """It becomes a Compose project, host names and a directory of the state."""
    error = refused({"name": name})

    assert error.what == f"tool.towpath.name in pyproject.toml cannot be {name!r}."
    assert error.next_step == f"For example: {near!r}."
    assert config.parse({"name": near}, Path("/project"), {}).name == near


@pytest.mark.parametrize(
    ("name", "near"), [("Team/Shop", "team-shop"), ("../x", "x"), ("My Shop", "my-shop")]
)
def test_a_wrong_name_in_the_environment_names_the_variable(name: str, near: str) -> None:
    """Nobody has to look for it in pyproject.toml."""
    error = refused({"name": "shop"}, {"TOWPATH_NAME": name})

    assert error.what == f"TOWPATH_NAME cannot be {name!r}."
    assert near in error.next_step


@pytest.mark.parametrize(
    ("name", "near"),
    [("Prod_EU", "prod_eu"), ("prod eu", "prod-eu"), ("", "staging"), ("../prod", "prod")],
)
def test_a_wrong_name_of_an_environment_has_a_right_one_near(name: str, near: str) -> None:
    """It is a part of the names of its containers, and a directory."""
    error = refused({"environments": {name: {}}})

    assert f"cannot be {name!r}." in error.what
    assert error.next_step == f"For example: {near!r}."


@pytest.mark.parametrize("name", sorted(names.TAKEN))
def test_a_directory_of_the_state_is_no_environment(name: str) -> None:
    """Its secrets and its lock would lie among other things."""
    assert f"cannot be {name!r}" in refused({"environments": {name: {}}}).what


@pytest.mark.parametrize(
    ("name", "near"), [("Team/Shop", "team/shop"), ("my shop", "my-shop"), ("/", "app")]
)
def test_a_wrong_repository_has_a_right_one_near(name: str, near: str) -> None:
    """Registries take small letters only."""
    error = refused({}, {"TOWPATH_REPOSITORY": name})

    assert error.next_step == f"For example: {near!r}."


def test_a_user_without_a_home_needs_a_state(monkeypatch: pytest.MonkeyPatch) -> None:
    """As with `docker run --user 12345`: no HOME, and nobody of that number."""

    def nobody() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", nobody)
    with pytest.raises(ConfigurationError) as caught:
        config.parse({}, Path("/project"), {}).state

    assert "Set TOWPATH_STATE" in caught.value.next_step
    there = {"TOWPATH_STATE": "/state"}, {"XDG_STATE_HOME": "/state"}, {"HOME": "/home/me"}
    assert [str(config.parse({}, Path("/project"), env).state) for env in there] == [
        "/state/app",
        "/state/towpath/app",
        "/home/me/.local/state/towpath/app",
    ]


def test_a_password_in_a_registry_is_not_repeated() -> None:
    """The error shows where it stood, and not what it was."""
    error = refused({"registry": "https://me:hunter2@r.example.com"})

    assert "hunter2" not in error.what
    assert "***@r.example.com" in error.what
