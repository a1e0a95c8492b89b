"""Doors to registries, opened with all the logins that this machine has for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from towpath.core.references import Repository
from towpath.registry.client import RegistryClient

if TYPE_CHECKING:
    # It is not imported for a copy between two registries: that would take longer than the copy.
    from pathlib import Path


def registry_client(place: Repository, env: Mapping[str, str]) -> RegistryClient:
    """Return the door to a repository, with every login that this machine has for it."""
    return RegistryClient(place, env=env, own=own_login(place, env))


def own_login(place: Repository, env: Mapping[str, str]) -> Callable[[], Path | None]:
    """Return what names the directory of a login that only the embedded engine's clients have.

    Its registry wants a password: it is found whether or not the environment is that of the engine.
    """

    def own() -> Path | None:
        from towpath.engine.layout import layout

        found = layout(env)
        return found.client_config if found.serves(place.registry) else None

    return own
