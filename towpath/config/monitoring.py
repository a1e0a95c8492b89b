"""The settings of Prometheus and Alertmanager: `[tool.towpath.monitoring]`."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from towpath.config.toml_values import checked, strings, typed, wrong
from towpath.core.errors import ConfigurationError
from towpath.core.suggest import nearest

WEBHOOK = "TOWPATH_MONITORING_WEBHOOK"
KEY = "webhook-env"
# Seconds between two readings, and days of data: from where they are useful to where they are not.
INTERVALS, DAYS = (1, 300), (1, 365)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Monitoring:
    """Seconds between two readings, days that figures are kept, and where alerts go.

    That is the address in the variable `webhook_env`, and the targets of notifications in `notify`.
    """

    interval: int = 15
    days: int = 15
    webhook_env: str = WEBHOOK
    notify: tuple[str, ...] = ()


def read_monitoring(table: Any, where: str) -> Monitoring:
    """Read the table; raises ConfigurationError with the path of what is wrong."""
    values = checked(table, {"interval", "days", KEY, "notify"}, where)
    found = Monitoring(
        _number(values, "interval", INTERVALS, where, Monitoring.interval),
        _number(values, "days", DAYS, where, Monitoring.days),
        typed(values.get(KEY, WEBHOOK), str, f"{where}.{KEY}"),
        strings(values.get("notify", []), f"{where}.notify", "targets of notifications"),
    )
    if not _VARIABLE.fullmatch(found.webhook_env):
        # It may be the address itself, which can be a key: it is not shown.
        raise ConfigurationError(
            f"{where}.{KEY} in pyproject.toml is not the name of a variable.",
            why="It names the variable that has the address; the address is never in a file.",
            next_step=f"Write a name such as {WEBHOOK}.",
        )
    return found


def require_targets(settings: Monitoring, targets: Collection[str], where: str) -> None:
    """Raise ConfigurationError if alerts should go to a target that is not configured."""
    for name in settings.notify:
        if name not in targets:
            raise ConfigurationError(
                f"{where}.notify names {name!r}, which is not a notification target."
                f"{nearest(name, targets)}",
                why=f"pyproject.toml configures: {', '.join(targets) or 'none'}.",
                next_step=f"Add [tool.towpath.notify.{name}], or remove the name.",
            )


def _number(
    values: Mapping[str, Any],
    key: str,
    bounds: tuple[int, int],
    where: str,
    default: int,
) -> int:
    value = typed(values.get(key, default), int, f"{where}.{key}")
    if not bounds[0] <= value <= bounds[1]:
        raise wrong(f"{where}.{key}", f"from {bounds[0]} to {bounds[1]}", value)
    return value
