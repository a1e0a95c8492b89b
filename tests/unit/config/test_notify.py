"""Targets of notifications, as pyproject.toml names them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from towpath import config
from towpath.config.notify import NotifyTarget
from towpath.core.errors import ConfigurationError

MAIL = {"kind": "email", "events": ["failed"], "host": "mail", "sender": "a@b", "recipients": ["c"]}


def parsed(table: Any) -> dict[str, NotifyTarget]:
    """Return the targets of a table."""
    return dict(config.parse({"notify": table}, Path("."), {}).notify)


def test_a_target_names_its_variables() -> None:
    """By its own name, or as the settings say."""
    found = parsed(
        {
            "team-a": {"kind": "slack", "events": ["failed", "passed"]},
            "hook": {
                "kind": "webhook",
                "events": ["undone"],
                "where": "everywhere",
                "url-env": "HOOK",
            },
            "mail": {**MAIL, "port": 25, "user": "u"},
        }
    )

    assert found["team-a"] == NotifyTarget(
        "team-a",
        "slack",
        ("failed", "passed"),
        "branches",
        {"url": "TOWPATH_NOTIFY_TEAM_A_URL"},
    )
    assert [*found["hook"].variables] == ["url", "secret"]
    assert [*found["hook"].variables.values()] == ["HOOK", "TOWPATH_NOTIFY_HOOK_SECRET"]
    assert found["hook"].where == "everywhere"
    assert (found["mail"].port, found["mail"].recipients) == (25, ("c",))


def test_the_most_important_event_counts() -> None:
    """Whatever the order in the file."""
    target = parsed({"t": {"kind": "slack", "events": ["passed", "deployed", "recovered"]}})["t"]

    assert target.wants({"passed", "deployed", "promoted"}) == "deployed"
    assert target.wants({"passed", "recovered", "deployed"}) == "recovered"
    assert target.wants({"failed"}) == ""


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (3, "tool.towpath.notify in pyproject.toml must be a table"),
        ({"T": {}}, "tool.towpath.notify.T in pyproject.toml cannot be 'T'"),
        ({"t": {}}, "notify.t.kind in pyproject.toml must be one of slack"),
        ({"t": {"kind": "slak"}}, "Did you mean 'slack'?"),
        ({"t": {"kind": 3}}, "must be one of"),
        ({"t": {"kind": "slack"}}, "notify.t.events in pyproject.toml must be a list"),
        ({"t": {"kind": "slack", "events": ["faild"]}}, "Did you mean 'failed'?"),
        ({"t": {"kind": "slack", "events": "failed"}}, "must be a list of events"),
        ({"t": {"kind": "slack", "events": ["failed"], "x": 1}}, "Unknown key"),
        (
            {"t": {"kind": "slack", "events": ["failed"], "channel": "x"}},
            "is not for the kind slack",
        ),
        ({"t": {"kind": "slack-bot", "events": ["failed"]}}, "has no channel"),
        ({"t": {**MAIL, "port": 0}}, "a port from 1 to 65535"),
        ({"t": {**MAIL, "port": True}}, "an integer"),
        ({"t": {**MAIL, "recipients": "c"}}, "a list of addresses"),
        ({"t": {**MAIL, "where": "here"}}, "must be one of branches, everywhere"),
    ],
)
def test_what_is_wrong_is_named(table: Any, words: str) -> None:
    """With its path and the nearest right word."""
    with pytest.raises(ConfigurationError) as caught:
        parsed(table)

    assert words in " ".join(caught.value.lines())


def test_a_secret_in_the_file_is_refused_and_not_shown() -> None:
    """Where a variable should be named."""
    address = "https://hooks.example.com/services/T0/B0/swordfish"

    with pytest.raises(ConfigurationError) as caught:
        parsed({"t": {"kind": "slack", "events": ["failed"], "url-env": address}})

    assert "is not the name of a variable" in caught.value.what
    assert "swordfish" not in " ".join(caught.value.lines())
