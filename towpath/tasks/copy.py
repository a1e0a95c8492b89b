"""`python -m towpath.tasks.copy FROM TO`: copy an image to another tag or registry.

It changes the registry as a promotion does, without a project and without checking evidence: for
scripts and benchmarks. References are complete, as in `localhost:5000/team/app@sha256:...`. Success
prints nothing. Few modules are imported, because most of the time of a copy is Python's start.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence

from towpath.core.errors import ConfigurationError, TowpathError
from towpath.core.references import parse_reference

USAGE = "python -m towpath.tasks.copy FROM TO"


def main(argv: Sequence[str], env: Mapping[str, str]) -> int:
    """Copy one image with what is attached to it, and return the exit code."""
    try:
        if len(argv) != 2 or argv[0].startswith("-"):
            raise ConfigurationError(
                "The command takes two references.", next_step=f"Write {USAGE}."
            )
        copy(argv[0], argv[1], env)
    except TowpathError as error:
        from towpath.core.terminal import Terminal

        Terminal(env).error(error)
        return error.code
    return 0


def copy(origin: str, goal: str, env: Mapping[str, str]) -> None:
    """Copy the image to the repository of `goal`; the tag moves last.

    Raises ConfigurationError for a goal without a tag, and RegistryError if a registry fails.
    """
    from towpath.registry.login import registry_client

    (place, reference), (target, name) = parse_reference(origin), parse_reference(goal)
    if ":" in name:
        raise ConfigurationError(f"{goal} has no tag.", next_step="Add a tag to the name.")
    source = registry_client(place, env)
    if target == place:
        from towpath.registry.tags import move_tag

        move_tag((source,), name, source.manifest(reference))
        return
    from towpath.registry import copy as carry

    carry.copy(source, registry_client(target, env), reference, name)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
