"""Who is notified of what: the tables `[tool.towpath.notify.NAME]`. Pure.

No secret is in pyproject.toml: an address that lets anybody write to a channel, a token, a key
or a password is in a variable: TOWPATH_NOTIFY_NAME_URL, TOWPATH_NOTIFY_NAME_TOKEN,
TOWPATH_NOTIFY_NAME_SECRET or TOWPATH_NOTIFY_NAME_PASSWORD, or one that `url-env` and so on name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from towpath.config import names
from towpath.config.toml_values import checked, strings, typed, wrong
from towpath.core.errors import ConfigurationError
from towpath.core.suggest import nearest

# In the order in which one message names what happened, the most important first.
EVENTS = (
    *("undone", "failed", "recovered", "deployed", "promoted", "waiting", "passed"),
    "waiver-expires",
)
BRANCHES, EVERYWHERE = "branches", "everywhere"
WHERE = (BRANCHES, EVERYWHERE)
SUBMISSION = 587  # RFC 6409: where mail is handed in, with STARTTLS
LARGEST_PORT = 65535
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class TargetKind:
    """What a kind of target takes: its secrets, and keys besides; those in `needed` must be set."""

    secrets: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()


KINDS: Mapping[str, TargetKind] = {
    "slack": TargetKind(("url",)),
    "slack-bot": TargetKind(("token",), ("channel",), ("channel",)),
    "teams": TargetKind(("url",)),
    "discord": TargetKind(("url",)),
    "email": TargetKind(
        ("password",),
        ("host", "port", "user", "sender", "recipients"),
        ("host", "sender", "recipients"),
    ),
    "webhook": TargetKind(("url", "secret")),
}
SECRETS = ("url", "token", "secret", "password")
KEYS = ("channel", "host", "port", "user", "sender", "recipients")


@dataclass(frozen=True)
class NotifyTarget:
    """Where messages go, and on which events. `variables` names the variable of each secret.

    `where` is `branches` for CI runs of a branch or tag, or `everywhere`, which is on people's
    machines and in pull requests too.
    """

    name: str
    kind: str
    events: tuple[str, ...]
    where: str = BRANCHES
    variables: Mapping[str, str] = field(default_factory=dict)
    channel: str = ""
    host: str = ""
    port: int = SUBMISSION
    user: str = ""
    sender: str = ""
    recipients: tuple[str, ...] = ()

    def wants(self, events: set[str]) -> str:
        """Return the most important of these events that goes to this target, or nothing."""
        return next((row for row in EVENTS if row in events and row in self.events), "")


def read_notify(value: Any, where: str) -> dict[str, NotifyTarget]:
    """Read the table of targets; raises ConfigurationError with the path of what is wrong."""
    if not isinstance(value, Mapping):
        raise wrong(where, "a table", value)
    return {name: _target(name, row, f"{where}.{name}") for name, row in value.items()}


def variable_of(target: str, secret: str) -> str:
    """Return the variable of a target's secret, where the settings name no other."""
    return f"TOWPATH_NOTIFY_{target.upper().replace('-', '_')}_{secret.upper()}"


def _target(name: str, row: Any, where: str) -> NotifyTarget:
    names.target(name, f"{where} in pyproject.toml")
    known = {"kind", "events", "where", *KEYS, *(f"{secret}-env" for secret in SECRETS)}
    values = dict(checked(row, known, where))
    kind = _chosen(values.pop("kind", ""), tuple(KINDS), f"{where}.kind")
    takes = KINDS[kind]
    _require_taken(values, kind, where)
    events = strings(values.pop("events", []), f"{where}.events", "events")
    if not events:
        raise wrong(f"{where}.events", f"a list of some of {', '.join(EVENTS)}", list(events))
    for event in events:
        _chosen(event, EVENTS, f"{where}.events")
    found = {key: _value(key, values[key], f"{where}.{key}") for key in KEYS if key in values}
    return NotifyTarget(
        name,
        kind,
        events,
        _chosen(values.get("where", BRANCHES), WHERE, f"{where}.where"),
        {secret: _variable(name, secret, values, where) for secret in takes.secrets},
        **found,
    )


def _require_taken(values: Mapping[str, Any], kind: str, where: str) -> None:
    takes = KINDS[kind]
    mine = {
        "events",
        "where",
        *takes.keys,
        *(f"{secret}-env" for secret in takes.secrets),
    }
    for key in values:
        if key not in mine:
            raise ConfigurationError(
                f"{where}.{key} in pyproject.toml is not for the kind {kind}.",
                why=f"It takes {', '.join(sorted(mine))}.",
            )
    for key in takes.needed:
        if not values.get(key):
            raise ConfigurationError(
                f"{where} in pyproject.toml has no {key}.",
                why=f"The kind {kind} needs {', '.join(takes.needed)}.",
                next_step=f"Add {key} to it.",
            )


def _chosen(value: Any, known: tuple[str, ...], where: str) -> str:
    if value not in known:
        hint = nearest(value, known) if isinstance(value, str) else ""
        raise ConfigurationError(
            f"{where} in pyproject.toml must be one of {', '.join(known)}, not {value!r}.{hint}"
        )
    return str(value)


def _value(key: str, value: Any, where: str) -> Any:
    if key == "recipients":
        return strings(value, where, "addresses")
    if key != "port":
        return typed(value, str, where)
    if not 0 < typed(value, int, where) <= LARGEST_PORT:
        raise wrong(where, f"a port from 1 to {LARGEST_PORT}", value)
    return value


def _variable(name: str, secret: str, values: Mapping[str, Any], where: str) -> str:
    key = f"{secret}-env"
    found = typed(values.get(key, variable_of(name, secret)), str, f"{where}.{key}")
    if not _VARIABLE.fullmatch(found):
        # It may be the secret itself: it is not shown.
        raise ConfigurationError(
            f"{where}.{key} in pyproject.toml is not the name of a variable.",
            why="It names the variable that has the secret; the secret itself is never in a file.",
            next_step=f"Write a name such as {variable_of(name, secret)}.",
        )
    return found
