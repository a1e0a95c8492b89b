"""Targets of notifications as receivers of Alertmanager. Pure.

Alertmanager knows the same services, and reads each secret from a file. Its messages are its own:
what a generic webhook gets is in Alertmanager's format and has no signature. Source: Prometheus
documentation, "Alerting configuration".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from towpath.config.notify import NotifyTarget

# Where the Compose file mounts the secrets.
SECRETS = "/run/secrets/alerts"
TITLE = (
    '{{ if eq .Status "resolved" }}Resolved: {{ end }}{{ .CommonLabels.alertname }} in'
    " {{ .CommonLabels.environment }} of {{ .CommonLabels.project }}"
)
TEXT = (
    "{{ range .Alerts }}{{ .Annotations.summary }}\n"
    '{{ if eq .Status "firing" }}{{ .Annotations.next }}\n{{ end }}{{ end }}'
)
SLACK = "https://slack.com/api/chat.postMessage"

Receiver = tuple[str, dict[str, Any]]


def file_of(target: str, secret: str) -> str:
    """Return the name of the file that has a secret of a target."""
    return f"{target}.{secret}"


def receiver(target: NotifyTarget) -> Receiver:
    """Return the key of a receiver's kind in Alertmanager's settings, and its settings."""
    kind, found = _KINDS[target.kind](target)
    return kind, {**found, "send_resolved": True}


def webhook() -> Receiver:
    """Return the receiver at the address of `webhook-env`."""
    return "webhook_configs", {"url_file": f"{SECRETS}/webhook", "send_resolved": True}


def _file(target: NotifyTarget, secret: str) -> str:
    return f"{SECRETS}/{file_of(target.name, secret)}"


def _slack(target: NotifyTarget) -> Receiver:
    return "slack_configs", {"api_url_file": _file(target, "url"), "title": TITLE, "text": TEXT}


def _slack_bot(target: NotifyTarget) -> Receiver:
    authorization = {"type": "Bearer", "credentials_file": _file(target, "token")}
    return "slack_configs", {
        "api_url": SLACK,
        "channel": target.channel,
        "http_config": {"authorization": authorization},
        "title": TITLE,
        "text": TEXT,
    }


def _teams(target: NotifyTarget) -> Receiver:
    found = {"webhook_url_file": _file(target, "url"), "title": TITLE, "text": TEXT}
    return "msteamsv2_configs", found


def _discord(target: NotifyTarget) -> Receiver:
    found = {"webhook_url_file": _file(target, "url"), "title": TITLE, "message": TEXT}
    return "discord_configs", found


def _email(target: NotifyTarget) -> Receiver:
    found: dict[str, Any] = {
        "to": ", ".join(target.recipients),
        "from": target.sender,
        "smarthost": f"{target.host}:{target.port}",
        "headers": {"Subject": TITLE},
        "text": TEXT,
        "html": "",
        "require_tls": True,
    }
    if target.user:
        found |= {"auth_username": target.user, "auth_password_file": _file(target, "password")}
    return "email_configs", found


def _webhook(target: NotifyTarget) -> Receiver:
    return "webhook_configs", {"url_file": _file(target, "url")}


_KINDS: Mapping[str, Callable[[NotifyTarget], Receiver]] = {
    "slack": _slack,
    "slack-bot": _slack_bot,
    "teams": _teams,
    "discord": _discord,
    "email": _email,
    "webhook": _webhook,
}
