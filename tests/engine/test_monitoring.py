"""Monitoring for real: the product is read, strangers cannot, and a killed worker is reported."""

from __future__ import annotations

import http.client
import json
import re
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests

from tests.app.reports import report
from tests.engine.product import ROOT
from towpath.config import Environment
from towpath.config.monitoring import WEBHOOK, Monitoring
from towpath.config.workspace import Workspace
from towpath.core.runner import Runner
from towpath.deployment import deploy
from towpath.environments import monitoring_project, secrets
from towpath.environments import services as stack
from towpath.environments.environment import Site
from towpath.images.build import Built
from towpath.operations.alerting import alerting
from towpath.pipeline import run_metrics

pytestmark = [pytest.mark.engine, pytest.mark.timeout(1500)]

RULES = ROOT / "compose/monitoring"
INTERVAL = 2
# Seconds: two readings, the rule's own 45, and what a busy machine takes.
PATIENCE = 240
JOBS = {"web", "worker", "proxy", "machine", "alertmanager"}


class Hook(ThreadingHTTPServer):
    """A webhook on this machine that keeps every alert that it gets."""

    def __init__(self, address: str) -> None:
        super().__init__((address, 0), Receiver)
        self.alerts: list[dict[str, Any]] = []

    def got(self, name: str, status: str) -> dict[str, Any] | None:
        """Return an alert of this name and status, once it is here."""
        found = (row for row in self.alerts if row["labels"]["alertname"] == name)
        return next((row for row in found if row["status"] == status), None)


class Receiver(BaseHTTPRequestHandler):
    """Takes what Alertmanager sends."""

    server: Hook

    def do_POST(self) -> None:
        """Keep the alerts."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.alerts += json.loads(body)["alerts"]
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@dataclass(frozen=True)
class Monitored:
    """An environment with monitoring beside it, and the webhook that it alerts."""

    site: Site
    hook: Hook

    @property
    def prometheus(self) -> str:
        """Where Prometheus is; another port after each start."""
        (container,) = monitoring_project.beside(self.site).containers("prometheus")
        return f"http://{self.docker('port', container.name, '9090')}"

    def ask(self, query: str) -> list[dict[str, Any]]:
        """Return what Prometheus answers to a query."""
        answer = requests.get(
            f"{self.prometheus}/api/v1/query", params={"query": query}, timeout=10
        )
        answer.raise_for_status()
        found: list[dict[str, Any]] = answer.json()["data"]["result"]
        return found

    def value(self, query: str) -> float | None:
        """Return the one value of a query; None without any."""
        rows = self.ask(query)
        return float(rows[0]["value"][1]) if rows else None

    @property
    def jobs(self) -> set[str]:
        """The jobs of which something can be read now."""
        return {row["metric"]["job"] for row in self.ask("up == 1")}

    def docker(self, *words: str) -> str:
        """Run a command of the engine's client."""
        return self.site.workspace.runner.run(["docker", *words]).stdout.strip()


def wait_for(what: str, reached: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Wait until something is true; fail with its name after so many seconds."""
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline, f"{what}: not within {seconds:g} s"
        time.sleep(0.5)


def figures() -> str:
    """Return the figures of a run with one stage."""
    lint = {"status": "passed", "duration": 1.5}
    document = {
        **{"run": "r", "version": "1", "branch": "main", "commit": "c" * 40, "status": "passed"},
        **{"timestamp": "2026-11-30T08:00:00Z", "duration": 61.5, "stages": {"lint": lint}},
    }
    return run_metrics.text(document, {})


def free_port() -> int:
    """Return a port that nobody has."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture(scope="module")
def hook(workspace: Workspace) -> Iterator[Hook]:
    """Serve a webhook where containers reach this machine, and only they."""
    gateway = "{{range .IPAM.Config}}{{.Gateway}}{{end}}"
    said = workspace.runner.run(["docker", "network", "inspect", "bridge", f"--format={gateway}"])
    server = Hook(said.stdout.strip())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def monitored(
    workspace: Workspace, built: Built, hook: Hook, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Monitored]:
    """Deploy the product into an environment of its own, and start monitoring beside it."""
    root = tmp_path_factory.mktemp("monitored") / "project"
    shutil.copytree(ROOT / "compose", root / "compose")
    port = free_port()
    # As the product's own settings have it: a check of the front page would be counted as a visit.
    health = workspace.config.environments["staging"].health
    place = Environment("staging", port=port, bake=1, drain=5, healthy=2, health=health)
    config = replace(
        workspace.config,
        root=root,
        name=f"towpath-metrics-{port}",
        environments={"staging": place},
        monitoring=Monitoring(interval=INTERVAL),
        env={
            **workspace.config.env,
            "TOWPATH_STATE": str(root / "state"),
            WEBHOOK: f"http://host.docker.internal:{hook.server_port}/",
        },
    )
    runner = Runner(workspace.terminal, env=dict(workspace.runner.env), cwd=root)
    own = Workspace(config, runner, workspace.terminal)
    site = Site.open(own, place)
    try:
        deploy.deploy(own, place, built.digest, "1.0.0")
        alerting.start(site)
        (config.reports / "metrics.prom").write_text(figures())
        found = Monitored(site, hook)
        wait_for("every job is read", lambda: found.jobs == JOBS)
        yield found
    finally:
        stack.services_down(own, place, volumes=True)


def test_everything_is_read(monitored: Monitored) -> None:
    """Every container of the product, the proxy, the disks and Alertmanager."""
    wait_for("every job is read", lambda: monitored.jobs == JOBS)

    assert all(monitored.ask(f'up{{job="{job}"}} == 1') for job in JOBS)


def test_the_figures_are_those_of_the_product(monitored: Monitored) -> None:
    """Requests through the proxy, the queue with its worker, the disks."""
    url, now = monitored.site.environment.url, time.time()
    # The deployment has asked for the page too, perhaps after the last reading.
    newest = 'min(timestamp(up{job="web"}))'
    wait_for("a reading of now", lambda: (monitored.value(newest) or 0) > now, 60)
    before = monitored.value('sum(dashboard_requests_total{view="index"})') or 0
    for _ in range(10):
        assert requests.get(url, timeout=10).status_code == 200

    def counted() -> float:
        return (monitored.value('sum(dashboard_requests_total{view="index"})') or 0) - before

    wait_for("the requests are counted", lambda: counted() == 10, 60)
    assert monitored.value('sum(haproxy_frontend_http_responses_total{proxy="public"})')
    assert monitored.value("haproxy_backend_active_servers") == 1
    assert monitored.value("max(dashboard_queue_consumers)") == 1
    assert monitored.value("max(dashboard_ingest_lag_seconds)") == 0
    assert monitored.value('min(dashboard_service_up{service="database"})') == 1
    disks = {row["metric"]["mountpoint"] for row in monitored.ask("node_filesystem_avail_bytes")}
    assert disks == {"/disks/engine", "/disks/state"}
    version = monitored.ask("dashboard_release")[0]["metric"]["digest"]
    assert version == monitored.site.containers("web")[0].digest


def test_the_way_of_a_report_is_measured(monitored: Monitored) -> None:
    """From the web container through the queue into the database, by the worker's processes."""
    site = monitored.site
    token = secrets.values(site.state)["ingest_token"]

    def stored() -> float:
        return monitored.value("sum(dashboard_report_stored_seconds_count)") or 0

    wait_for("the worker is read", lambda: monitored.ask('up{job="worker"} == 1'), 60)
    before = stored()
    sent = requests.post(
        f"{site.environment.url}/api/runs/",
        json=report(),
        headers={"Authorization": f"Bearer {token}"},
        timeout=10,
    )
    assert sent.status_code == 202

    wait_for("the stored report is counted", lambda: stored() == before + 1, 60)
    assert monitored.value("max(dashboard_reports_waiting)") == 0


def test_the_pipelines_figures_are_read(monitored: Monitored) -> None:
    """From the file that a run writes."""
    wait_for("the file is read", lambda: monitored.ask("towpath_run_duration_seconds"), 60)

    assert monitored.value("towpath_run_duration_seconds") == 61.5


@pytest.mark.parametrize(
    "target",
    ["/metrics", "//metrics", "/./metrics", "/%6detrics", "/static/../metrics", "/metrics/"],
)
def test_the_metrics_cannot_be_reached_from_outside(monitored: Monitored, target: str) -> None:
    """Neither those of the product nor those of the proxy, whatever the request names."""
    port = monitored.site.environment.port
    for host in ("localhost", "web:9101", "proxy:8404", "127.0.0.1:8404"):
        asked = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        asked.request("GET", target, headers={"Host": host})
        answer = asked.getresponse()
        text = answer.read()
        asked.close()

        assert answer.status in (400, 404)
        assert b"dashboard_" not in text and b"haproxy_" not in text


def test_only_the_proxys_port_is_published(monitored: Monitored) -> None:
    """And what monitoring publishes is on the loopback of this machine."""
    site = monitored.site
    beside = monitoring_project.beside(site)
    ports = "{{range $inside, $bound := .NetworkSettings.Ports}}{{range $bound}}"
    ports += "{{.HostIp}} {{$inside}}\n{{end}}{{end}}"

    def published(rows: list[Any]) -> set[str]:
        said = monitored.docker("inspect", f"--format={ports}", *(row.id for row in rows))
        return set(filter(None, said.splitlines()))

    assert published(site.containers()) == {"127.0.0.1 8080/tcp"}
    assert published(beside.containers()) == {"127.0.0.1 9090/tcp", "127.0.0.1 9093/tcp"}


def test_rules_and_dashboard_ask_for_what_there_is(monitored: Monitored) -> None:
    """A rule about a name that nothing has would be silent for ever."""
    rules = (RULES / "alerts.yml").read_text(encoding="utf-8")
    names = set(re.findall(r"\b(?:dashboard|haproxy|node)_[a-z_]+\b", rules))
    dashboard = json.loads((RULES / "grafana/dashboard.json").read_text(encoding="utf-8"))
    queries = [row["expr"] for panel in dashboard["panels"] for row in panel["targets"]]
    asked = {query.replace("$__rate_interval", "1m") for query in queries} | names

    assert len(names) > 8 and len(queries) > 15
    # Nothing is firing, so this one has no answer.
    left = {query for query in asked if "ALERTS" not in query}
    deadline = time.monotonic() + 60
    while left and time.monotonic() < deadline:
        left -= {query for query in left if monitored.ask(query)}
        time.sleep(1)
    assert left == set()


def test_a_killed_worker_arrives_at_the_webhook(monitored: Monitored) -> None:
    """And that it is back, too."""
    (worker,) = monitored.site.containers("worker")
    killed = time.monotonic()
    monitored.docker("kill", "--signal=KILL", worker.name)
    wait_for("the alert arrives", lambda: monitored.hook.got("WorkerDown", "firing"))
    took = time.monotonic() - killed
    alert = monitored.hook.got("WorkerDown", "firing")
    assert alert is not None
    monitored.docker("start", worker.name)
    wait_for("the end arrives", lambda: monitored.hook.got("WorkerDown", "resolved"))

    assert alert["labels"]["environment"] == "staging"
    assert alert["labels"]["severity"] == "critical"
    assert alert["annotations"]["summary"].startswith("No worker runs")
    # The rule waits for 45 s: sooner would be an alert at every deployment.
    assert 40 < took < PATIENCE


def test_stopping_leaves_the_environment_as_it_is(monitored: Monitored) -> None:
    """And started again, the figures are there."""
    site = monitored.site
    before = site.containers()
    assert alerting.stop(site)
    assert site.containers() == before
    assert monitoring_project.beside(site).containers() == []
    assert alerting.start(site)["prometheus"] == monitored.prometheus
    query = "max_over_time(dashboard_queue_consumers[1h])"

    wait_for("the earlier figures are read", lambda: monitored.value(f"max({query})") == 1, 60)
