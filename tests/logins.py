"""The login that a client would use, for tests of where logins come from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from towpath.registry.client.credentials import Credentials, look_up

if TYPE_CHECKING:
    from towpath.registry.client.credentials import Ask


def credentials(
    env: Mapping[str, str], registry: str, ask: Ask | None = None, repository: str = ""
) -> Credentials | None:
    """Return what is found, or None."""
    return look_up(env, registry, ask, repository).credentials
