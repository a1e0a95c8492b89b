"""`[tool.towpath.monitoring]`: bounds, and a variable's name in the place of an address."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from towpath import config
from towpath.config.monitoring import Monitoring
from towpath.core.errors import ConfigurationError


def parsed(table: Any) -> Monitoring:
    """Return the settings of a table."""
    return config.parse({"monitoring": table}, Path("."), {}).monitoring


def test_every_key_has_a_default() -> None:
    """And each can be set."""
    assert parsed({}) == Monitoring(15, 15, "TOWPATH_MONITORING_WEBHOOK")
    table = {"interval": 1, "days": 365, "webhook-env": "HOOK"}
    assert parsed(table) == Monitoring(1, 365, "HOOK")


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (3, "tool.towpath.monitoring in pyproject.toml must be a table"),
        ({"interval": 0}, "monitoring.interval in pyproject.toml must be from 1 to 300, not 0"),
        ({"interval": 301}, "must be from 1 to 300"),
        ({"interval": True}, "must be an integer"),
        ({"days": 0}, "monitoring.days in pyproject.toml must be from 1 to 365"),
        ({"days": 366}, "must be from 1 to 365"),
        ({"day": 1}, "Did you mean 'days'"),
        ({"webhook-env": 1}, "must be a string"),
        ({"notify": "team"}, "must be a list of targets of notifications"),
    ],
)
def test_what_cannot_be_is_named_by_its_path(table: Any, words: str) -> None:
    """With what would be right."""
    with pytest.raises(ConfigurationError, match=words):
        parsed(table)


def test_alerts_go_to_targets_that_are_configured() -> None:
    """A name that is near is shown."""
    table = {
        "notify": {"team": {"kind": "slack", "events": ["failed"]}},
        "monitoring": {"notify": ["team"]},
    }
    assert config.parse(table, Path("."), {}).monitoring.notify == ("team",)
    table["monitoring"] = {"notify": ["taem"]}
    with pytest.raises(ConfigurationError, match="Did you mean 'team'"):
        config.parse(table, Path("."), {})


def test_an_address_in_the_file_is_refused_and_not_shown() -> None:
    """It may be a key to a channel."""
    with pytest.raises(ConfigurationError) as caught:
        parsed({"webhook-env": "https://hooks.example.org/T0/key-of-it"})

    assert "key-of-it" not in f"{caught.value} {caught.value.why} {caught.value.next_step}"
