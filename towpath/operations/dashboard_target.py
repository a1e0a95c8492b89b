"""Where the release dashboard is, and the token that it wants."""

from __future__ import annotations

from dataclasses import replace

from towpath.config import Config, Environment
from towpath.config.workspace import Workspace
from towpath.core.errors import CommandFailedError, ConfigurationError
from towpath.engine.discover import find
from towpath.environments import secrets
from towpath.environments.environment import Site


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


def dashboard_token(workspace: Workspace) -> str:
    """Return the token with which a report is delivered; raises ConfigurationError without one.

    It is that of the variable, else the one in the state of the environment that it runs in.
    """
    config = workspace.config
    if token := config.env.get("TOWPATH_DASHBOARD_TOKEN"):
        return token
    name = config.dashboard.environment
    if name not in config.environments:
        raise _absent("no environment of the project runs it")
    try:
        token = _token_of(workspace, config.environment(name))
    except CommandFailedError as error:
        raise _absent(error.what) from error
    if not token:
        raise _absent(f"the environment {name} has none")
    return token


def _token_of(workspace: Workspace, environment: Environment) -> str:
    # No engine is started for it.
    config = workspace.config
    env = {**config.env, **find(config.env).environment}
    site = Site.open(replace(workspace, config=replace(config, env=env)), environment)
    return secrets.values(site.state).get("ingest_token", "")


def _absent(why: str) -> ConfigurationError:
    return ConfigurationError(
        "There is no token for the dashboard.",
        why=f"TOWPATH_DASHBOARD_TOKEN is not set, and {why}.",
        next_step="Set the variable, or deploy the dashboard first.",
    )
