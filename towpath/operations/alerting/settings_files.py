"""The settings of Prometheus and Alertmanager that depend on those of the project. Pure.

Both read YAML, and JSON is YAML. What is read and what people are alerted of is in files of the
project, compose/monitoring/scrape.yml and alerts.yml.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from towpath.operations.alerting.receivers import Receiver

# Where the Compose file mounts them.
SCRAPE = "/etc/prometheus/scrape.yml"
ALERTS = "/etc/prometheus/alerts.yml"
# Seconds: how long alerts of one kind are gathered before the first message, and then hours until
# one that goes on is repeated.
GATHERED, REPEATED = 10, "4h"
RECEIVER = "receiver"


def prometheus(project: str, environment: str, interval: int) -> str:
    """Return prometheus.yml: read and judge every `interval` seconds, for this environment."""
    return _text(
        {
            "global": {
                "scrape_interval": f"{interval}s",
                "scrape_timeout": f"{min(interval, 10)}s",
                "evaluation_interval": f"{interval}s",
                # Every alert says where it is from.
                "external_labels": {"project": project, "environment": environment},
            },
            "rule_files": [ALERTS],
            "scrape_config_files": [SCRAPE],
            "alerting": {
                "alertmanagers": [{"static_configs": [{"targets": ["alertmanager:9093"]}]}]
            },
        }
    )


def alertmanager(interval: int, receivers: Iterable[Receiver]) -> str:
    """Return alertmanager.yml: a message for each kind of alert, to every receiver."""
    found: dict[str, Any] = {"name": RECEIVER}
    for kind, settings in receivers:
        found.setdefault(kind, []).append(settings)
    return _text(
        {
            "route": {
                "receiver": RECEIVER,
                "group_by": ["alertname"],
                "group_wait": f"{min(interval, GATHERED)}s",
                "group_interval": f"{4 * interval}s",
                "repeat_interval": REPEATED,
            },
            "receivers": [found],
        }
    )


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2) + "\n"
