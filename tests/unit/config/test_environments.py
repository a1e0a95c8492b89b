"""`[tool.towpath.environments]`: ports, containers, names, and how one is monitored."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.config.tables import parsed, refused
from towpath import config
from towpath.core.errors import ConfigurationError


@pytest.mark.parametrize("row", [{"port": 65536}, {"replicas": 0}, {"healthy": 0}])
def test_an_environment_needs_a_port_and_containers(row: dict[str, int]) -> None:
    """None of these could ever serve."""
    assert "environments.staging" in refused({"environments": {"staging": row}}).what


def test_two_environments_without_a_port_do_not_collide() -> None:
    """0 is no port."""
    found = parsed({"environments": {"a": {}, "b": {}}})

    assert [row.port for row in found.environments.values()] == [0, 0]


def test_without_a_name_it_is_one_of_this_machine() -> None:
    """Never one that may serve: a command such as `services.down` would stop it."""
    both = parsed({"environments": {"development": {}, "testing": {}, "staging": {"port": 8081}}})
    assert both.local_environment().name == "development"
    assert both.local_environment("staging").name == "staging"
    assert (
        parsed({"environments": {"testing": {}, "staging": {"port": 8081}}})
        .local_environment()
        .name
        == "testing"
    )
    with pytest.raises(ConfigurationError, match="No environment was named") as caught:
        parsed({"environments": {"staging": {"port": 8081}}}).local_environment()
    assert caught.value.next_step == "Name one with --environment=NAME."


def test_an_unknown_environment_names_the_nearest() -> None:
    """And what pyproject has."""
    with pytest.raises(ConfigurationError) as caught:
        parsed({"environments": {"staging": {}}}).environment("stagin")

    assert caught.value.what == "Unknown environment 'stagin'. Did you mean 'staging'?"
    assert caught.value.why == "pyproject.toml configures: staging."


def test_how_an_environment_is_monitored() -> None:
    """Not at all unless it says so; then a failure is rolled back unless it says otherwise."""
    table = {"environments": {"production": {"monitor": 300, "monitor-rollback": False}}}
    found = parsed(table).environment("production")

    assert (found.monitor, found.monitor_rollback) == (300, False)
    default = config.Environment("x")
    assert (default.monitor, default.monitor_rollback) == (0, True)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("monitor", -1, "0 or more"),
        ("monitor", True, "an integer"),
        ("monitor", "5m", "an integer"),
        ("monitor-rollback", 1, "true or false"),
        ("monitor_rollback", True, "Did you mean 'monitor-rollback'?"),
    ],
)
def test_a_wrong_setting_of_monitoring(key: str, value: Any, words: str) -> None:
    """The error names the path."""
    error = refused({"environments": {"production": {key: value}}})

    assert f"environments.production.{key}" in error.what and words in error.what
