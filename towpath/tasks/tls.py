"""Invoke tasks for the certificates of environments."""

from __future__ import annotations

from invoke.context import Context
from invoke.tasks import task

from towpath.tasks.context import entry, workspace


@task(help={"environment": "An environment in pyproject.toml that has a table `tls`."})
@entry
def reload(_c: Context, environment: str) -> None:
    """Let the proxy use a renewed certificate, without closing a connection."""
    from towpath.environments import tls
    from towpath.environments.environment import Site

    found = workspace(engine=True)
    site = Site.open(found, found.config.environment(environment))
    words = "uses the certificate of now" if tls.reload(site) else "uses this certificate already"
    found.terminal.say(f"{environment} {words}.")
