"""Invoke tasks for Prometheus and Alertmanager beside an environment."""

from __future__ import annotations

from invoke.context import Context
from invoke.tasks import task

from towpath.tasks.context import entry, workspace

_ENVIRONMENT = "An environment in pyproject.toml: development, staging or production."


@task(
    help={
        "environment": _ENVIRONMENT,
        "grafana": "Grafana too, with a dashboard. The embedded engine has no image of it.",
        "verbose": "Show every command and what it prints.",
    }
)
@entry
def start(_c: Context, environment: str, grafana: bool = False, verbose: bool = False) -> None:
    """Start Prometheus and Alertmanager beside an environment, and show their addresses."""
    from towpath.environments.environment import Site
    from towpath.operations.alerting import alerting as flow

    found = workspace(verbose=verbose, environment=environment)
    site = Site.open(found, found.config.environment(environment))
    with found.terminal.step(f"monitoring of {environment}"):
        addresses = flow.start(site, grafana=grafana)
    found.terminal.table(
        f"Monitoring of {environment}", ("service", "address"), [*addresses.items()]
    )
    found.terminal.say(flow.receiver(site))


@task(
    help={
        "environment": _ENVIRONMENT,
        "volumes": "Delete the figures too.",
        "verbose": "Show every command and what it prints.",
    }
)
@entry
def stop(_c: Context, environment: str, volumes: bool = False, verbose: bool = False) -> None:
    """Stop Prometheus and Alertmanager beside an environment; the figures are kept."""
    from towpath.environments.environment import Site
    from towpath.operations.alerting import alerting as flow

    found = workspace(verbose=verbose, environment=environment)
    site = Site.open(found, found.config.environment(environment))
    with found.terminal.step(f"stop the monitoring of {environment}"):
        stopped = flow.stop(site, volumes=volumes)
    if not stopped:
        found.terminal.say(f"{environment} has no monitoring.")
