"""The engine that an environment names: every command about the environment then goes there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from towpath.config import Config, Environment
from towpath.config.engine_address import read_ssh
from towpath.config.workspace import Workspace
from towpath.core.environment import of_tools
from towpath.engine import contexts, ssh


def on_engine_of(workspace: Workspace, environment: Environment) -> Workspace:
    """Return the workspace with the environment's engine in place of this machine's.

    Raises CommandFailedError where it cannot be reached, and ConfigurationError for a context that
    is not there.
    """
    if not environment.engine:
        return workspace
    variables = _variables(workspace, environment.engine)
    env = {**workspace.config.env, **variables}
    runner = workspace.runner.using(of_tools({**workspace.runner.env, **variables}))
    return Workspace(replace(workspace.config, env=env), runner, workspace.terminal)


def _variables(workspace: Workspace, engine: str) -> Mapping[str, str]:
    """Return the variables by which Docker's clients reach an engine."""
    if address := read_ssh(engine):
        endpoint = ssh.forwarded(workspace.runner, address, _registry_here(workspace.config))
        off = {"DOCKER_TLS": "", "DOCKER_TLS_VERIFY": "", "DOCKER_CERT_PATH": ""}
        return {"DOCKER_HOST": endpoint, "DOCKER_CONTEXT": "", **off}
    if "://" in engine:
        return {"DOCKER_HOST": engine, "DOCKER_CONTEXT": ""}
    env = {**workspace.config.env, "DOCKER_HOST": "", "DOCKER_CONTEXT": engine}
    return {**contexts.named(env).environment, "DOCKER_CONTEXT": ""}


def _registry_here(config: Config) -> str:
    """Return host:port of the registry if it listens on this machine only, else nothing."""
    images = config.images
    return images.registry if images.is_loopback and ":" in images.registry else ""
