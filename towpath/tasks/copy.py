"""`python -m towpath.tasks.copy FROM TO`: an image under one more name, here or elsewhere.

What a promotion does to the registry, without a project and without a judgement: for scripts, and
to be measured. References are whole, as in `localhost:5000/team/app@sha256:...`. Nothing is said
when it worked. Little is imported, because most of such a copy's time is a start of Python.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence

from towpath.core.errors import ConfigurationError, TowpathError
from towpath.core.references import Repository, digest, tag

USAGE = "python -m towpath.tasks.copy FROM TO"


def main(argv: Sequence[str], env: Mapping[str, str]) -> int:
    """Copy one image with what is attached to it, and return the exit code."""
    try:
        if len(argv) != 2 or argv[0].startswith("-"):
            raise ConfigurationError("Two references are wanted.", next_step=f"Write {USAGE}.")
        copy(argv[0], argv[1], env)
    except TowpathError as error:
        from towpath.core.terminal import Terminal

        Terminal(env).error(error)
        return error.code
    return 0


def copy(origin: str, goal: str, env: Mapping[str, str]) -> None:
    """Bring the image to the other reference's repository; a tag moves last."""
    from towpath.registry.login import registry_client

    (place, reference), (target, name) = parse(origin), parse(goal)
    if ":" in name:
        raise ConfigurationError(f"{goal} names no tag.", next_step="Write a tag after the name.")
    source = registry_client(place, env)
    if target == place:
        from towpath.registry.tags import move_tag

        move_tag((source,), name, source.manifest(reference))
        return
    from towpath.registry import copy as carry

    carry.copy(source, registry_client(target, env), reference, name)


def parse(reference: str) -> tuple[Repository, str]:
    """Split a whole reference into its repository and its tag or digest."""
    name, at, wanted = reference.partition("@")
    if at:
        digest(wanted)
    else:
        name, _, wanted = reference.rpartition(":")
        tag(wanted)
    registry, slash, path = name.partition("/")
    if not slash:
        raise ConfigurationError(
            f"{reference!r} is no whole reference.",
            next_step="Write registry, name, and a tag or digest: localhost:5000/team/app:built.",
        )
    return Repository(registry, path), wanted


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
