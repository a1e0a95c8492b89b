"""The name of an environment's Compose project, which its containers and volumes begin with."""

from __future__ import annotations

from towpath.config import Config


def project_name(config: Config, environment: str) -> str:
    """Return the name of the Compose project of the environment of this name: one for each."""
    return f"{config.name}-{environment}"
