"""Each kind of target as Alertmanager knows it; tests/engine lets the real one read them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from towpath.config.notify import KINDS, NotifyTarget
from towpath.operations.alerting import receivers

ALL = {
    "channel": "#alerts",
    "host": "mail.example.org",
    "user": "bot",
    "sender": "ci@example.org",
    "recipients": ("a@example.org", "b@example.org"),
}


def target(kind: str, **changes: Any) -> NotifyTarget:
    """Return a target of a kind with everything that it takes."""
    takes = {key: value for key, value in ALL.items() if key in KINDS[kind].keys}
    variables = {secret: f"VARIABLE_OF_{secret.upper()}" for secret in KINDS[kind].secrets}
    return NotifyTarget("team", kind, ("failed",), variables=variables, **{**takes, **changes})


@pytest.mark.parametrize(
    ("kind", "key", "field", "secret"),
    [
        ("slack", "slack_configs", "api_url_file", "url"),
        ("teams", "msteamsv2_configs", "webhook_url_file", "url"),
        ("discord", "discord_configs", "webhook_url_file", "url"),
        ("email", "email_configs", "auth_password_file", "password"),
        ("webhook", "webhook_configs", "url_file", "url"),
    ],
)
def test_a_kind_reads_its_secret_from_a_file(kind: str, key: str, field: str, secret: str) -> None:
    """And says when an alert has ended."""
    found, settings = receivers.receiver(target(kind))

    assert found == key
    assert settings[field] == f"/run/secrets/alerts/team.{secret}"
    assert settings["send_resolved"] is True


def test_slacks_bot_writes_to_its_channel() -> None:
    """By the method that Towpath uses too."""
    key, settings = receivers.receiver(target("slack-bot"))

    assert (key, settings["channel"]) == ("slack_configs", "#alerts")
    assert settings["api_url"] == "https://slack.com/api/chat.postMessage"
    authorization = settings["http_config"]["authorization"]
    assert authorization["credentials_file"] == "/run/secrets/alerts/team.token"


def test_mail_needs_encryption_and_maybe_no_login() -> None:
    """As Towpath's own does."""
    _, settings = receivers.receiver(target("email", user=""))

    assert settings["require_tls"] is True
    assert settings["smarthost"] == "mail.example.org:587"
    assert settings["to"] == "a@example.org, b@example.org"
    assert not {"auth_username", "auth_password_file"} & set(settings)


@pytest.mark.parametrize("kind", KINDS)
def test_no_name_of_a_variable_is_in_the_settings(kind: str) -> None:
    """Every kind of target is known here."""
    assert "VARIABLE_OF" not in json.dumps(receivers.receiver(target(kind)))
