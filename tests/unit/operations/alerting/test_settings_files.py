"""The settings of Prometheus and Alertmanager; tests/engine lets the real ones read it."""

from __future__ import annotations

import json

import pytest

from towpath.operations.alerting import receivers, settings_files


def test_prometheus_reads_and_judges_at_the_interval() -> None:
    """For one environment, which every alert names."""
    found = json.loads(settings_files.prometheus("shop", "staging", 15))

    assert found["global"] == {
        "scrape_interval": "15s",
        "scrape_timeout": "10s",
        "evaluation_interval": "15s",
        "external_labels": {"project": "shop", "environment": "staging"},
    }
    assert found["rule_files"] == ["/etc/prometheus/alerts.yml"]
    assert found["scrape_config_files"] == ["/etc/prometheus/scrape.yml"]


def test_a_reading_never_takes_longer_than_the_interval() -> None:
    """Prometheus refuses such settings."""
    found = json.loads(settings_files.prometheus("shop", "staging", 2))

    assert found["global"]["scrape_timeout"] == "2s"


@pytest.mark.parametrize(("interval", "wait", "group"), [(2, "2s", "8s"), (15, "10s", "60s")])
def test_alerts_go_to_the_webhook(interval: int, wait: str, group: str) -> None:
    """Its address is in a file of its own."""
    found = json.loads(settings_files.alertmanager(interval, [receivers.webhook()]))

    assert found["route"]["receiver"] == found["receivers"][0]["name"]
    assert (found["route"]["group_wait"], found["route"]["group_interval"]) == (wait, group)
    assert found["receivers"][0]["webhook_configs"] == [
        {"url_file": "/run/secrets/alerts/webhook", "send_resolved": True}
    ]


def test_without_a_webhook_there_is_an_empty_receiver() -> None:
    """Alertmanager wants one."""
    found = json.loads(settings_files.alertmanager(15, []))

    assert found["receivers"] == [{"name": "receiver"}]


def test_several_receivers_get_the_same_message() -> None:
    """Two of one kind, and one of another."""
    found = json.loads(
        settings_files.alertmanager(
            15, [("slack_configs", {"a": 1}), receivers.webhook(), ("slack_configs", {"b": 2})]
        )
    )

    assert found["receivers"][0]["slack_configs"] == [{"a": 1}, {"b": 2}]
    assert len(found["receivers"][0]["webhook_configs"]) == 1
