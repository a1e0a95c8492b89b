"""Which targets are used here, and whether the variables with their secrets are set."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from towpath.config import Config
from towpath.config.notify import EVERYWHERE, NotifyTarget
from towpath.core import http
from towpath.core.environment import variable
from towpath.core.errors import ConfigurationError
from towpath.core.redaction import SECRETS

# Letters of a part of an address that are enough to be a key to it.
KEY = 8


def active(config: Config) -> list[NotifyTarget]:
    """Return the targets that this run notifies: in CI those of branches, elsewhere few."""
    ci = config.ci
    of_branch = ci is not None and not ci.pull_request and bool(ci.branch or ci.tag)
    return [row for row in config.notify.values() if of_branch or row.where == EVERYWHERE]


def secret(config: Config, target: NotifyTarget, name: str) -> str:
    """Return a secret of a target, empty where its variable is not set."""
    return variable(config.env, target.variables.get(name, ""))


def hide(config: Config) -> None:
    """Hide the secrets of all targets from now on, wherever they would be shown or kept.

    What an error says of an address is often its path alone: that is hidden too.
    """
    for target in config.notify.values():
        for name in target.variables:
            value = secret(config, target, name)
            SECRETS.hide(value)
            if name == "url":
                SECRETS.hide(*_parts(value))


def _parts(url: str) -> Iterable[str]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    yield from (path, parts.path, *(row for row in parts.path.split("/") if len(row) >= KEY))


def require_ready(config: Config, targets: Iterable[NotifyTarget] | None = None) -> None:
    """Raise ConfigurationError where a target that is used here has no secret, or a wrong one.

    Whoever begins a run asks first: at its end it would be too late.
    """
    for target in active(config) if targets is None else targets:
        if problem := problem_of(config, target):
            raise ConfigurationError(
                f"The notification target {target.name} cannot be used.",
                why=problem,
                next_step="docs/notifications.md says what each kind of target needs.",
            )


def problem_of(config: Config, target: NotifyTarget) -> str:
    """Return why a target cannot be used, empty if it can; no value is in the answer."""
    for name, chosen in target.variables.items():
        optional = name == "password" and not target.user
        if not secret(config, target, name) and not optional:
            return f"{chosen} is not set: the {name} of this target belongs there."
    if "url" in target.variables and not _is_safe(secret(config, target, "url")):
        return (
            f"{target.variables['url']} is not an https:// address (http:// is for this machine)."
        )
    return ""


def _is_safe(url: str) -> bool:
    try:
        parts: Any = urlsplit(url)
        named = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False
    return named and (parts.scheme == "https" or (parts.scheme == "http" and http.is_near(url)))
