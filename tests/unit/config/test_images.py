"""`[tool.towpath.image]`: packages of Debian, and what is trusted in a registry."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.config.tables import parsed, refused
from towpath import config


def test_packages_of_debian_are_named_for_the_build_and_for_the_run() -> None:
    """Two lists, none by default."""
    assert parsed({}).image == config.ImageSettings()

    found = parsed({"image": {"build-packages": ["libpq-dev"], "run-packages": ["libpq5", "g++"]}})

    assert found.image == config.ImageSettings(("libpq-dev",), ("libpq5", "g++"))


@pytest.mark.parametrize("word", ["always", "authenticated", "never"])
def test_whether_a_registry_s_wheels_are_used_is_one_of_three_words(word: str) -> None:
    """Where it let us in with credentials, unless something else is said; so with its cache."""
    image = parsed({"image": {"registry-wheels": word, "registry-cache": word}}).image
    assert (parsed({}).image.registry_wheels, image.registry_wheels) == ("authenticated", word)
    assert (parsed({}).image.registry_cache, image.registry_cache) == ("authenticated", word)


@pytest.mark.parametrize("key", ["registry-wheels", "registry-cache"])
@pytest.mark.parametrize("value", ["Always", "", True, ["always"]])
def test_another_word_about_trust_in_a_registry_is_a_mistake(key: str, value: object) -> None:
    """It never counts as one of the three."""
    error = refused({"image": {key: value}})

    assert f"tool.towpath.image.{key} in pyproject.toml must be" in error.what
    assert error.code == 2


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"run-package": []}, "tool.towpath.image.run-package "),
        ({"run-packages": "libpq5"}, "tool.towpath.image.run-packages "),
        ({"build-packages": ["libpq-dev; true"]}, "libpq-dev; true"),
        ({"build-packages": ["--force-yes"]}, "--force-yes"),
        ({"build-packages": ["$(id)"]}, "$(id)"),
        ({"build-packages": [""]}, "names of Debian packages"),
    ],
)
def test_what_is_no_name_of_a_package_never_gets_to_a_shell(
    table: dict[str, Any], said: str
) -> None:
    """It ends as a mistake in pyproject.toml."""
    error = refused({"image": table})

    assert said in error.what
    assert error.code == 2
