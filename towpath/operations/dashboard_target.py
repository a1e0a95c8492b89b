"""Where the release dashboard is, and the token that it wants."""

from __future__ import annotations

from towpath.config import Config
from towpath.core.errors import CommandFailedError, ConfigurationError
from towpath.engine.discover import find
from towpath.environments import secrets
from towpath.environments.compose_project import project_name
from towpath.environments.engine import Engine
from towpath.environments.state import container


def dashboard_url(config: Config) -> str:
    """Return the address of the dashboard: the configured one, or that of its environment.

    Raises ConfigurationError where none is configured.
    """
    environment = config.environments.get(config.dashboard.environment)
    url = config.dashboard.url or (environment.url if environment and environment.port else "")
    if not url:
        raise ConfigurationError(
            "The release dashboard has no address.",
            why="tool.towpath.dashboard has neither url nor an environment with a port.",
            next_step="Set one of them, or leave out what sends to the dashboard.",
        )
    return url


def dashboard_token(config: Config) -> str:
    """Return the token with which a report is delivered; raises ConfigurationError without one."""
    if token := config.env.get("TOWPATH_DASHBOARD_TOKEN"):
        return token
    name = config.dashboard.environment
    try:
        token = _token_of(config, name) if name in config.environments else ""
    except CommandFailedError as error:
        raise _absent(error.what) from error
    if not token:
        raise _absent(f"the environment {name or 'of the dashboard'} has none")
    return token


def _token_of(config: Config, name: str) -> str:
    """Return the token in the state of the environment that the dashboard runs in, if any."""
    engine = Engine({**config.env, **find(config.env).environment})
    state = container.open_state(engine, project_name(config, name))
    return secrets.values(state).get("ingest_token", "")


def _absent(why: str) -> ConfigurationError:
    return ConfigurationError(
        "There is no token for the dashboard.",
        why=f"TOWPATH_DASHBOARD_TOKEN is not set, and {why}.",
        next_step="Set the variable, or deploy the dashboard first.",
    )
