"""Invoke tasks for the registry."""

from __future__ import annotations

import getpass
import sys

from invoke.context import Context
from invoke.tasks import task

from towpath.core.errors import ConfigurationError
from towpath.tasks.context import entry, with_engine, workspace


@task
@entry
def start(_c: Context) -> None:
    """Start a registry on this machine, unless one is running."""
    from towpath.registry import image as registry

    found = workspace(engine=True)
    done = "was started" if registry.start(found) else "is already running"
    found.terminal.say(f"The registry at {found.config.registry} {done}.")


@task(
    help={
        "user": "User name; the password is asked for, or read from standard input.",
        "registry": "A host with an optional port; default: the project's first registry.",
    }
)
@entry
def login(_c: Context, user: str, registry: str = "") -> None:
    """Log in to the registry; the password is never on a command line."""
    from towpath.engine.clients import user_folder
    from towpath.engine.layout import layout
    from towpath.registry import image as flow

    found = workspace()
    where = registry or found.config.registry
    terminal = sys.stdin.isatty()
    password = getpass.getpass(f"Password of {user} at {where}: ") if terminal else sys.stdin.read()
    if not password.strip():
        raise ConfigurationError(
            "No password was entered.", next_step="Enter it when asked, or pipe it to the command."
        )
    found = with_engine(found)
    # Where all tools look for it, and not what the engine's own clients have as long as it runs.
    folder = user_folder(layout(found.config.env), found.config.env)
    flow.login(found, user, password.rstrip("\r\n"), registry, folder=folder)
    found.terminal.say(f"{user} is logged in to {where}.")


@task(
    help={
        "image": "Name of the image in the engine; default: that of `invoke build --no-push`.",
        "tag": "Tag for the image in the registry.",
    }
)
@entry
def push(_c: Context, image: str = "", tag: str = "local") -> None:
    """Push an image that the engine has."""
    from towpath.registry import image as registry

    found = workspace(engine=True)
    name = image or f"{found.config.repository}:production"
    digest = registry.push(found, name, tag)
    found.terminal.data(found.config.images.at(digest))


@task(
    help={
        "digest": "Digest of the image; default: what the tag points to in the first registry.",
        "tag": "Tag for it in every registry; default without a digest: `built`.",
    }
)
@entry
def mirror(_c: Context, digest: str = "", tag: str = "") -> None:
    """Copy an image with its evidence to every additional registry; tags move when all have it."""
    from towpath.registry import publish as flow

    found = workspace()
    done = flow.mirror(found, digest, tag)
    found.terminal.table(
        " ".join((done.digest, *done.tags)),
        ("registry", "blobs present", "mounted", "sent", "MB sent"),
        [
            (
                row.registry,
                str(row.present),
                str(row.mounted),
                str(row.sent),
                f"{row.bytes_sent / 1e6:.1f}",
            )
            for row in done.arrived
        ],
    )


@task(help={"delete": "Delete this tag; its image stays available by digest."})
@entry
def tags(_c: Context, delete: str = "") -> None:
    """List the tags, each with the image that it points to."""
    from towpath.promotion import show as listing
    from towpath.registry import image as registry

    found = workspace()
    if delete:
        registry.untag(found, delete)
    listing.tags(found)


@task
@entry
def inspect(_c: Context) -> None:
    """Show every tag: digest, platforms, compressed size, age, evidence, SBOM, next stages."""
    from towpath.promotion import show as listing

    listing.inspect(workspace())


@task(
    help={
        "keep": "How many of the newest versions to keep in any case.",
        "yes": "Delete; without it, only show what would be deleted.",
    }
)
@entry
def prune(_c: Context, keep: int = 5, yes: bool = False) -> None:
    """Delete images that nothing runs, promotes or rolls back to; without --yes only list them."""
    from towpath.retention import prune as flow

    flow.prune(workspace(engine=True), keep=keep, sure=yes)


@task(
    help={
        "clear": "Delete what is shown; needs --yes.",
        "branch": "Only the caches of this branch.",
        "yes": "Delete; without it, only show what would be deleted.",
    }
)
@entry
def cache(_c: Context, clear: bool = False, branch: str = "", yes: bool = False) -> None:
    """Show the build caches in the registry: target, branch, size, age; or delete them."""
    from towpath.images import cache as flow

    flow.cache(workspace(), clear=clear, branch=branch, sure=yes)
