"""The rules of alerts, and what Towpath generates, read by the real Prometheus and Alertmanager."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.engine.product import ROOT
from tests.unit.operations.alerting.test_receivers import target
from towpath import gates
from towpath.config.notify import KINDS
from towpath.config.workspace import Workspace
from towpath.engine import monitoring_images
from towpath.operations.alerting import receivers, settings_files
from towpath.tasks.context import workspace as new_workspace

pytestmark = pytest.mark.engine

PROMETHEUS, ALERTMANAGER, _ = monitoring_images.IMAGES
RULES = ROOT / "compose/monitoring"
CASES = Path(__file__).with_name("alerts.test.yml")


@pytest.fixture(scope="module")
def engine() -> Workspace:
    """Return a workspace whose engine has the images."""
    found = new_workspace(engine=True)
    monitoring_images.provide(found.config.env, found.runner, found.terminal)
    return found


def tool(engine: Workspace, image: str, name: str, mounts: dict[Path, str], *words: str) -> str:
    """Run a tool of an image on files of ours, and return what it said."""
    seen = [f"--volume={file}:{place}:ro" for file, place in mounts.items()]
    argv = ["docker", "run", "--rm", "--network=none", *seen, f"--entrypoint={name}", image, *words]
    return engine.runner.run(argv).stdout


def test_each_rule_alerts_when_it_should_and_only_then(engine: Workspace) -> None:
    """By promtool, on made-up figures."""
    mounts = {RULES: "/r/compose/monitoring", CASES: "/r/tests/engine/alerts.test.yml"}
    said = tool(engine, PROMETHEUS, "promtool", mounts, "test", "rules", mounts[CASES])

    assert "SUCCESS" in said


def test_every_rule_has_both_cases() -> None:
    """One in which people are alerted, and one in which they are not."""
    cases = CASES.read_text(encoding="utf-8")
    rules = re.findall(r"- alert: (\w+)", (RULES / "alerts.yml").read_text(encoding="utf-8"))
    asked = re.findall(r"alertname: (\w+)\n        exp_alerts:( \[\])?", cases)

    assert len(rules) > 10
    assert {name for name, quiet in asked if quiet} == set(rules)
    assert {name for name, quiet in asked if not quiet} == set(rules)


@pytest.mark.parametrize(
    ("code", "rule"), [("MONITOR_ERROR_RATE", "1"), ("MONITOR_LATENCY", "1800")]
)
def test_alerts_and_gates_have_the_same_limits(code: str, rule: str) -> None:
    """A release that passes is not alerted of the moment after."""
    text = (RULES / "alerts.yml").read_text(encoding="utf-8")
    (limit,) = [row.limit for row in gates.GATES if row.code == code]

    assert f"{limit:g}" == rule
    assert re.search(rf"> {rule}\n", text)


def test_prometheus_takes_its_settings(engine: Workspace, tmp_path: Path) -> None:
    """The generated file, and those of the project that it names."""
    file = tmp_path / "prometheus.yml"
    file.write_text(settings_files.prometheus("shop", "staging", 15))
    at = "/etc/prometheus"
    mounts = {file: f"{at}/prometheus.yml"}
    mounts |= {RULES / name: f"{at}/{name}" for name in ("scrape.yml", "alerts.yml")}
    said = tool(engine, PROMETHEUS, "promtool", mounts, "check", "config", mounts[file])

    assert "is valid prometheus config file syntax" in said
    assert "rules found" in said


@pytest.mark.parametrize("kinds", [(), tuple(KINDS)], ids=["none", "all"])
def test_alertmanager_takes_its_settings(
    engine: Workspace, tmp_path: Path, kinds: tuple[str, ...]
) -> None:
    """Without a receiver, and with one of every kind."""
    file = tmp_path / "alertmanager.yml"
    found = [receivers.receiver(target(kind)) for kind in kinds]
    file.write_text(settings_files.alertmanager(15, found))
    mounts = {file: "/etc/alertmanager/alertmanager.yml"}
    said = tool(engine, ALERTMANAGER, "amtool", mounts, "check-config", mounts[file])

    assert "SUCCESS" in said
