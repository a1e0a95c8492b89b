"""The Invoke task that watches an environment."""

from __future__ import annotations

from invoke.context import Context
from invoke.tasks import task

from towpath.core.errors import ConfigurationError
from towpath.tasks.context import entry, workspace
from towpath.tasks.durations import duration


@task(
    help={
        "environment": "An environment in pyproject.toml: development, staging or production.",
        "for_": "How long, as in 90s, 5m or 1h; default: `monitor` of the environment, else 60s.",
        "watch": "Go on until Ctrl-C.",
    }
)
@entry
def monitor(_c: Context, environment: str, for_: str = "", watch: bool = False) -> None:
    """Show requests, errors, latency and containers; exit 4 if a gate fails, 5 if not measured."""
    from towpath.environments.environment import Site
    from towpath.operations.monitor import monitor as flow

    if for_ and watch:
        raise ConfigurationError(
            "--for and --watch exclude each other.", why="--watch goes on until Ctrl-C."
        )
    seconds = duration(for_, "--for") if for_ else 0
    found = workspace(environment=environment)
    place = found.config.environment(environment)
    seconds = seconds or place.monitor or flow.BY_HAND
    flow.by_hand(Site.open(found, place), seconds, endless=watch)
