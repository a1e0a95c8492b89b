"""Where the release dashboard is, and the token that it wants."""

from __future__ import annotations

from towpath.config import Config
from towpath.core.errors import ConfigurationError


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
    file = config.state / config.dashboard.environment / "secrets" / "ingest_token"
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigurationError(
            "There is no token for the dashboard.",
            why=f"TOWPATH_DASHBOARD_TOKEN is not set, and {file}: {error.strerror}",
            next_step="Set the variable, or deploy the dashboard first.",
        ) from error
