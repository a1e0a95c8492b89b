"""Which of a caller's variables reach us and the commands of Docker that we run. Pure.

An empty variable is one that is not set. What would change what a Docker command does, without a
word in our settings, is left out: which files, profiles and platforms there are is said by us.
"""

from __future__ import annotations

from collections.abc import Mapping

# Where the engine is, how it is reached, and who asks: what Docker's clients may be told.
_DOCKER = frozenset(
    """DOCKER_HOST DOCKER_CONTEXT DOCKER_CONFIG DOCKER_CERT_PATH DOCKER_TLS DOCKER_TLS_VERIFY
    DOCKER_AUTH_CONFIG""".split()
)
# Default platforms, other builders, protocols and files, removed orphans, signatures (Docker docs:
# "Environment variables" of the CLI, of Compose, of buildx and of BuildKit).
_LEFT_OUT = ("DOCKER_", "COMPOSE_", "BUILDX_", "BUILDKIT_", "EXPERIMENTAL_BUILDKIT_")
_ALSO = ("SOURCE_DATE_EPOCH",)
# Of these, empty says that there are none, whatever the file says.
_NONE = ("TOWPATH_REGISTRIES", "TOWPATH_BUILDERS")
_OURS = ("TOWPATH_", "DOCKER_", "XDG_")
# Compose reads no `.env` of the project by itself, and a builder that somebody once chose with
# `docker buildx use` is not ours: nothing but what we pass counts.
FIXED = {"COMPOSE_DISABLE_ENV_FILE": "1", "BUILDX_BUILDER": "default"}


def usable(env: Mapping[str, str]) -> dict[str, str]:
    """Return a caller's environment as everything that we start may see it."""
    found = {name: text for name, text in env.items() if not _blank(name, text)}
    return {name: text for name, text in found.items() if not _changes_docker(name)} | FIXED


def variable(env: Mapping[str, str], name: str, default: str = "") -> str:
    """Return a variable without blanks around it; one that is empty is as if it were not set."""
    return env.get(name, "").strip() or default


def _blank(name: str, text: str) -> bool:
    return name.startswith(_OURS) and name not in _NONE and not text.strip()


def _changes_docker(name: str) -> bool:
    return name in _ALSO or (name.startswith(_LEFT_OUT) and name not in _DOCKER)
