"""Invoke tasks for what is in front of a release: the maintenance page."""

from __future__ import annotations

from invoke.context import Context
from invoke.tasks import task

from towpath.tasks.context import entry, workspace
from towpath.tasks.durations import duration


@task(
    help={
        "environment": "An environment in pyproject.toml, such as staging.",
        "on": "Answer every request with the page, 503 and Retry-After.",
        "off": "Let requests through again.",
        "retry_after": "When clients ask again, as in 5m.",
    }
)
@entry
def maintenance(
    _c: Context, environment: str, on: bool = False, off: bool = False, retry_after: str = "5m"
) -> None:
    """Show a maintenance page on purpose, or end it; without --on or --off say which it is."""
    from towpath.core.errors import ConfigurationError
    from towpath.environments import maintenance as flow
    from towpath.environments.environment import Site

    if on and off:
        raise ConfigurationError("Maintenance cannot be turned on and off.")
    found = workspace(engine=True)
    site = Site.open(found, found.config.environment(environment))
    if on:
        flow.begin(site, duration(retry_after, "--retry-after"))
    elif off:
        flow.end(site)
    words = (
        "is in maintenance: every request gets 503" if site.proxy.maintained else "takes requests"
    )
    found.terminal.say(f"{environment} {words}.")
