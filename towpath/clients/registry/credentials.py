"""Who we are to a registry: what the Docker config keeps, or one of its helpers knows.

Source: Docker's documentation of config.json and of its credential helpers. A secret comes on a
helper's standard output; only the registry's name is given to it, on standard input.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from towpath.errors import RegistryUnauthorizedError
from towpath.redaction import SECRETS

if TYPE_CHECKING:
    from towpath.runner import Outcome

    Ask = Callable[[list[str], str], Outcome]

HUB = "docker.io"
HUB_KEY = "https://index.docker.io/v1/"
TOKEN_USER = "<token>"  # nosec B105: the name by which a helper marks a token
HELPER_PATIENCE = 60.0  # seconds: a helper may ask a person
# What helpers say where they know nothing; it goes on without a login then.
UNKNOWN = "credentials not found"


@dataclass(frozen=True)
class Credentials:
    """A user and a password, or a token that is changed for shorter ones."""

    user: str = ""
    password: str = ""
    identity_token: str = ""

    def __post_init__(self) -> None:
        """Hide what was read in all that is shown or kept, from the moment that it is known."""
        SECRETS.hide(self.password, self.identity_token)

    def __repr__(self) -> str:
        """Show the user only."""
        return f"Credentials({self.user!r})"

    @property
    def basic(self) -> str:
        """The value of a header for Basic authentication."""
        return f"Basic {base64.b64encode(f'{self.user}:{self.password}'.encode()).decode()}"


def credentials(
    env: Mapping[str, str], registry: str, ask: Ask | None = None
) -> Credentials | None:
    """Return what the Docker config that `env` names has for a registry, or None.

    A config that is not there or not readable counts as none: the registry says if it wants more.
    Raises RegistryUnauthorizedError for a helper that fails, CommandFailedError for one that is
    not installed.
    """
    folder = env.get("DOCKER_CONFIG") or str(Path(env.get("HOME", "/")) / ".docker")
    try:
        document = json.loads((Path(folder) / "config.json").read_bytes())
    except (OSError, ValueError):
        return None
    if not isinstance(document, dict):
        return None
    if helper := _helper(document, registry):
        return _from_helper(helper, registry, ask or _runner(env))
    return _from_file(document.get("auths"), registry)


def _helper(document: Mapping[str, Any], registry: str) -> str:
    """Return the helper for a registry: its own goes before the one for all."""
    own = _of(document.get("credHelpers"), registry)
    return str(own or document.get("credsStore") or "")


def _from_helper(helper: str, registry: str, ask: Ask) -> Credentials | None:
    program = f"docker-credential-{helper}"
    found = ask([program, "get"], HUB_KEY if registry == HUB else registry)
    if not found.ok:
        if UNKNOWN in found.stdout + found.stderr:
            return None
        raise RegistryUnauthorizedError(
            f"{program} gives no credentials for {registry}.",
            why=found.tail() or f"It ended with {found.code} and said nothing.",
            next_step="Log in with `invoke registry.login`, or mend the Docker config.",
        )
    try:
        document = json.loads(found.stdout)
        user, secret = document["Username"], document["Secret"]
    except (ValueError, KeyError, TypeError) as error:
        raise RegistryUnauthorizedError(
            f"{program} gives no credentials for {registry}.", why="Its answer is not readable."
        ) from error
    if user == TOKEN_USER:
        return Credentials(identity_token=secret)
    return Credentials(user, secret)


def _from_file(auths: Any, registry: str) -> Credentials | None:
    row = _of(auths, registry)
    if not isinstance(row, dict):
        return None
    try:
        pair = base64.b64decode(row.get("auth") or "").decode()
    except (ValueError, TypeError, binascii.Error):
        return None
    user, separator, password = pair.partition(":")
    token = str(row.get("identitytoken") or "")
    return Credentials(user, password, token) if separator or token else None


def _of(table: Any, registry: str) -> Any:
    """Return the entry of a registry: older logins wrote a whole URL."""
    if not isinstance(table, dict):
        return None
    wanted = HUB_KEY if registry == HUB else registry
    for key, value in table.items():
        if key == wanted or key.partition("://")[2].partition("/")[0] == registry:
            return value
    return None


def _runner(env: Mapping[str, str]) -> Ask:
    from towpath.runner import Runner

    runner = Runner(_Silent(), env=env, cwd=Path.cwd())
    return lambda argv, text: runner.run(argv, stdin=text, check=False, timeout=HELPER_PATIENCE)


class _Silent:
    """An echo that shows nothing: what a helper says is a secret."""

    def command(self, line: str) -> None:
        """Show nothing."""

    def stream(self, line: str) -> None:
        """Show nothing."""
