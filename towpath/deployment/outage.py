"""When the engine or the proxy does not answer, a deployment waits: the release is not at fault."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from towpath import gates
from towpath.core.errors import (
    CommandFailedError,
    DeploymentPausedError,
    EngineUnreachableError,
    ProxyUnreachableError,
    TowpathError,
)
from towpath.environments.environment import Site

T = TypeVar("T")

EVERY = 1.0  # seconds between two tries


def is_outage(site: Site, error: BaseException) -> bool:
    """Tell whether an error is about the engine or the proxy, and not about a release.

    The command line of Docker has one exit code for everything, so the engine is asked.
    """
    if isinstance(error, EngineUnreachableError | ProxyUnreachableError):
        return True
    return isinstance(error, CommandFailedError) and not is_there(site)


def is_there(site: Site) -> bool:
    """Tell whether the engine and the proxy of an environment answer."""
    try:
        site.reconnect()
        site.engine.platform()
        site.proxy.slots()
    except TowpathError:
        return False
    return True


def once(site: Site, act: Callable[[], T]) -> T:
    """Run an act that is not repeated; raises EngineUnreachableError for what an outage did to it.

    Raises the errors of the act.
    """
    try:
        return act()
    except CommandFailedError as error:
        if not is_outage(site, error):
            raise
        raise EngineUnreachableError(
            error.what, why=error.why, next_step=error.next_step
        ) from error


def outlast(site: Site, step: str, act: Callable[[], T], again: Callable[[], object]) -> T:
    """Run an act; after an outage, wait for its end, call `again`, and run the act once more.

    The act has to be one that may be run twice. All outages together may take OUTAGE_PATIENCE
    seconds. Raises DeploymentPausedError if they take longer, and the errors of the act.
    """
    clock, terminal = site.clock, site.workspace.terminal
    deadline, resumes = float("inf"), False
    while True:
        try:
            if resumes:
                again()
            return act()
        except CommandFailedError as error:
            if not is_outage(site, error):
                raise
            deadline = min(deadline, clock.monotonic() + gates.OUTAGE_PATIENCE)
            terminal.warn(
                f"Paused at «{step}»: {error.what} This is not about the release."
                f" Waiting up to {max(0, deadline - clock.monotonic()):.0f} s for"
                f" {site.name} to answer."
            )
            before = clock.monotonic()
            if not _wait(site, deadline):
                raise paused(site, step, error) from error
            resumes = True
            waited = clock.monotonic() - before
            terminal.say(f"{site.name} answers again after {waited:.0f} s: going on with «{step}».")


def _wait(site: Site, deadline: float) -> bool:
    """Wait until engine and proxy answer, at least one interval; False if that takes too long."""
    if site.clock.monotonic() >= deadline:
        return False
    site.clock.sleep(EVERY)
    left = deadline - site.clock.monotonic()
    return site.clock.wait_until(lambda: is_there(site), left, EVERY)


def paused(site: Site, step: str, error: TowpathError) -> DeploymentPausedError:
    """Return the error for an outage that did not end in time: nothing more was changed."""
    return DeploymentPausedError(
        f"The deployment to {site.name} is paused at «{step}»: its engine or proxy did not answer"
        f" for {gates.OUTAGE_PATIENCE} s. Nothing was undone.",
        why=f"{error.what} {error.why}".strip(),
        next_step=f"When it answers again, run `invoke deploy --environment={site.name}`: it ends"
        " this deployment first.",
    )
