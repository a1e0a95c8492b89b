"""Names that become Compose projects, containers, host names and directories. Pure."""

from __future__ import annotations

import re

from towpath.core.errors import ConfigurationError

# Compose specification, "name"; a container's name has the environment and the service behind it,
# and has to stay below the 63 letters of a DNS label.
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
LONGEST = 30
# Directories of the state, and variables TOWPATH_ENGINE_*, that belong to no environment.
TAKEN = frozenset({"builders", "ci", "dir", "layers", "port", "prune", "uploads", "wheels"})


def project(text: str, where: str) -> str:
    """Return `text` if it is a valid project name; raises ConfigurationError, naming `where`."""
    return _checked(text, where, "a project name", "app")


def environment(text: str, where: str) -> str:
    """Return `text` if it may name an environment, else raise ConfigurationError."""
    if text in TAKEN:
        raise ConfigurationError(
            f"{where} cannot be {text!r}.",
            why="A directory or a variable of this name is used for something else.",
            next_step=f"For example: {text}-1.",
        )
    return _checked(text, where, "an environment name", "staging")


def target(text: str, where: str) -> str:
    """Return `text` if it may name a target of notifications, else raise ConfigurationError."""
    return _checked(text, where, "the name of a target", "team")


def near(text: str, otherwise: str) -> str:
    """Return the valid name nearest to an invalid one; `otherwise` if nothing is left."""
    words = re.sub(r"[^a-z0-9_]+", "-", text.lower())
    return words.strip("-_")[:LONGEST].strip("-_") or otherwise


def _checked(text: str, where: str, what: str, otherwise: str) -> str:
    if _NAME.fullmatch(text) and len(text) <= LONGEST:
        return text
    raise ConfigurationError(
        f"{where} cannot be {text[:80]!r}.",
        why=(
            f"{what[0].upper()}{what[1:]} has up to {LONGEST} lower-case letters, digits, '-' and "
            "'_', and begins with a letter or digit."
        ),
        next_step=f"For example: {near(text, otherwise)!r}.",
    )
