"""The registry, as Invoke tasks."""

from __future__ import annotations

import getpass
import sys

from invoke.context import Context
from invoke.tasks import task

from towpath.errors import ConfigurationError
from towpath.tasks.entry import entry, session


@task
@entry
def start(_c: Context) -> None:
    """Bring up a registry on this machine, unless one answers."""
    from towpath.flows import registry

    found = session(engine=True)
    done = "is started" if registry.start(found) else "answers already"
    found.terminal.say(f"The registry at {found.config.registry} {done}.")


@task(help={"user": "Who logs in; the password is asked for, or read from standard input."})
@entry
def login(_c: Context, user: str) -> None:
    """Log in to the registry; the password is never on a command line."""
    from towpath.flows import registry

    found = session(engine=True)
    where = found.config.registry
    terminal = sys.stdin.isatty()
    password = getpass.getpass(f"Password of {user} at {where}: ") if terminal else sys.stdin.read()
    if not password.strip():
        raise ConfigurationError(
            "There is no password.", next_step="Type it when asked, or pipe it to the command."
        )
    registry.login(found, user, password.rstrip("\r\n"))
    found.terminal.say(f"{user} is logged in to {where}.")


@task(
    help={
        "image": "Its name in the engine; otherwise what `invoke build --no-push` made.",
        "tag": "The name it gets in the registry.",
    }
)
@entry
def push(_c: Context, image: str = "", tag: str = "local") -> None:
    """Push an image that the engine has."""
    from towpath.flows import registry

    found = session(engine=True)
    name = image or f"{found.config.repository}:production"
    digest = registry.push(found, name, tag)
    found.terminal.data(found.config.images.at(digest))


@task
@entry
def inspect(_c: Context) -> None:
    """Show every tag: digest, platforms, compressed size, evidence, and where it may move."""
    from towpath.flows import listing

    listing.inspect(session())
