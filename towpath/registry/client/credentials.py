"""Who we are to a registry: what the Docker config keeps, or one of its helpers knows.

It is read as the docker client reads it. Source: Docker's documentation of config.json, of
`DOCKER_AUTH_CONFIG` and of credential helpers; containers-auth.json(5) for logins of a part of a
registry. A secret comes on a helper's standard output; only the registry's name is given to it, on
standard input.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from towpath.core import documents
from towpath.core.errors import CommandFailedError, RegistryUnauthorizedError
from towpath.core.files import read_bounded
from towpath.core.redaction import SECRETS

if TYPE_CHECKING:
    from towpath.core.runner import Outcome

    Ask = Callable[[list[str], str], Outcome]

HUB = "docker.io"
HUB_KEY = "https://index.docker.io/v1/"
HUB_NAMES = ("docker.io", "index.docker.io", "registry-1.docker.io")
VARIABLE = "DOCKER_AUTH_CONFIG"
# The name by which a helper marks a token.
TOKEN_USER = "<token>"  # nosec B105
HELPER_PATIENCE = 60.0  # seconds: a helper may ask a person
LARGEST = 4 * 1024 * 1024  # bytes of a config
# What helpers say where they know nothing; it goes on without a login then.
UNKNOWN = ("credentials not found", "no credentials server URL", "no credentials username")
_LOG_IN = "Log in with `invoke registry.login`, or correct the Docker config."
_FIELDS = ("username", "password", "auth", "identitytoken", "registrytoken")
_HELPER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class Credentials:
    """A user and a password, a token that is changed for shorter ones, or one for the registry."""

    user: str = ""
    password: str = ""
    identity_token: str = ""
    registry_token: str = ""

    def __post_init__(self) -> None:
        """Hide what was read in all that is shown or kept, from the moment that it is known."""
        SECRETS.hide(self.password, self.identity_token, self.registry_token)

    def __repr__(self) -> str:
        """Show the user only."""
        return f"Credentials({self.user!r})"

    @property
    def basic(self) -> str:
        """The value of a header for Basic authentication."""
        return f"Basic {base64.b64encode(f'{self.user}:{self.password}'.encode()).decode()}"


@dataclass(frozen=True)
class LoginSource:
    """Credentials, or none; `problem` says what could not be read, for the day they are missed.

    `source` names where the credentials come from: a directory, a file, or a variable.
    """

    credentials: Credentials | None = None
    problem: str = ""
    source: str = ""


def look_up(
    env: Mapping[str, str],
    registry: str,
    ask: Ask | None = None,
    repository: str = "",
    own: Path | None = None,
) -> LoginSource:
    """Return what we know for a repository of a registry, by the first source that knows something.

    These are the config in the directory `own`, `DOCKER_AUTH_CONFIG`, and the Docker config that
    `env` names. A source that is not there or not readable counts as none, as it does for the
    docker client: the registry says if it wants more. Raises RegistryUnauthorizedError for a helper
    that fails, is not installed, or does not answer in time.
    """
    problems = []
    for name, read in _sources(env, own):
        try:
            document = _document(read())
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            problems.append(f"{name} cannot be read: {_kind(error)}.")
            continue
        try:
            if found := _in(document, registry, repository, ask or _runner(env)):
                return LoginSource(found, source=name)
        except ValueError as error:
            problems.append(f"{name}: {error}.")
    return LoginSource(None, " ".join(problems))


def _sources(
    env: Mapping[str, str], own: Path | None
) -> list[tuple[str, Callable[[], str | bytes]]]:
    folder = Path(env.get("DOCKER_CONFIG") or Path(env.get("HOME", "/")) / ".docker")
    rows: list[tuple[str, Callable[[], str | bytes]]] = []
    if own is not None and own != folder:
        rows.append((str(own), lambda: _private(own)))
    if env.get(VARIABLE):
        rows.append((VARIABLE, lambda: env[VARIABLE]))
    rows.append((str(folder / "config.json"), lambda: _file(folder)))
    return rows


def _private(folder: Path) -> bytes:
    """Return a config that other users of the machine may not read: for them there is none."""
    try:
        return _file(folder)
    except PermissionError as error:
        raise FileNotFoundError(str(folder)) from error


def _file(folder: Path) -> bytes:
    content = read_bounded(folder / "config.json", LARGEST)
    if len(content) > LARGEST:
        raise ValueError("too large")
    return content


def _document(content: str | bytes) -> dict[str, Any]:
    if not content.strip():
        return {}
    document = documents.loads(content, LARGEST)
    if not isinstance(document, dict):
        raise ValueError("not a JSON object")
    return document


def _kind(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return "it is not a JSON object"


def _in(
    document: Mapping[str, Any], registry: str, repository: str, ask: Ask
) -> Credentials | None:
    """Return what one config has; raises ValueError for an entry that is not as it must be."""
    if helper := _helper(document, registry):
        return _from_helper(helper, registry, ask)
    return _from_entry(_of(document.get("auths"), registry, repository), registry)


def _helper(document: Mapping[str, Any], registry: str) -> str:
    """Return the helper for a registry: its own goes before the one for all.

    One that is named as nothing means that this login is in the file.
    """
    own = _of(document.get("credHelpers"), registry, "")
    helper = document.get("credsStore") if own is None else own
    if not helper:
        return ""
    if not isinstance(helper, str) or not _HELPER.fullmatch(helper):
        raise ValueError(
            "a credential helper's name has other characters than A-Z, 0-9, '.', '_', '-'"
        )
    return helper


def _from_helper(helper: str, registry: str, ask: Ask) -> Credentials | None:
    program = f"docker-credential-{helper}"
    what = f"{program} returned no credentials for {registry}."
    try:
        found = ask([program, "get"], HUB_KEY if registry == HUB else registry)
    except CommandFailedError as error:
        raise RegistryUnauthorizedError(
            what, why=f"{error.what} {error.why}".strip(), next_step=_LOG_IN
        ) from error
    if not found.ok:
        if any(words in found.stdout + found.stderr for words in UNKNOWN):
            return None
        raise RegistryUnauthorizedError(
            what,
            why=found.tail() or f"It exited with code {found.code} and no output.",
            next_step=_LOG_IN,
        )
    return _from_answer(found.stdout, what)


def _from_answer(text: str, what: str) -> Credentials | None:
    """Return what a helper answered; `what` is what the error says of one that is not readable."""
    try:
        document = documents.loads(text)
        user, secret = document["Username"], document["Secret"]
        if not isinstance(user, str) or not isinstance(secret, str):
            raise TypeError
    except (ValueError, KeyError, TypeError) as error:
        raise RegistryUnauthorizedError(
            what, why="Its output is not valid.", next_step=_LOG_IN
        ) from error
    if user == TOKEN_USER:
        return Credentials(identity_token=secret)
    return Credentials(user, secret) if user or secret else None


def _from_entry(row: Any, registry: str) -> Credentials | None:
    """Return what an entry of `auths` holds: `auth` goes before a user and a password by name."""
    if row is None:
        return None
    user, password, auth, *tokens = _texts(row, registry)
    if auth:
        user, password = _decoded(auth, registry)
    found = Credentials(user, password, *tokens)
    return found if (user and password) or any(tokens) else None


def _texts(row: Any, registry: str) -> list[str]:
    """Return the fields of an entry, empty where it has none; raises ValueError if not texts."""
    if not isinstance(row, dict) or any(not isinstance(row.get(k) or "", str) for k in _FIELDS):
        raise ValueError(f"the login of {registry} has fields of the wrong type")
    return [row.get(key) or "" for key in _FIELDS]


def _decoded(auth: str, registry: str) -> tuple[str, str]:
    """Return the user and the password of an `auth`; raises ValueError if there are none in it."""
    try:
        pair = base64.b64decode(auth, validate=True).decode()
    except (ValueError, binascii.Error) as error:
        raise ValueError(f"the login of {registry} is not valid base64 text") from error
    user, separator, password = pair.partition(":")
    if not separator or not user:
        raise ValueError(f"the login of {registry} has no user name and password")
    # Older clients padded it.
    return user, password.strip("\0")


def _of(table: Any, registry: str, repository: str) -> Any:
    """Return the entry of a repository: that of the part of the registry nearest to it."""
    if table is None:
        return None
    if not isinstance(table, dict):
        raise ValueError("the logins are not a JSON object")
    nearness = {key: _nearness(key, registry, repository) for key in table}
    best = max(nearness, key=nearness.__getitem__, default=None)
    return None if best is None or nearness[best] < 0 else table[best]


def _nearness(key: str, registry: str, repository: str) -> int:
    """Return how near the part of a registry that a key names is to a repository; -1: it is not.

    Of two that are equally near, the name as the docker client writes it goes first. Older logins
    wrote a whole URL; a key with a path is for what is below that path alone.
    """
    exact = HUB_KEY if registry == HUB else registry
    names = HUB_NAMES if registry == HUB else (registry,)
    host, path = _key(key)
    if host not in names or not f"{repository}/".startswith(f"{path}/" if path else ""):
        return -1
    return 2 * len(path) + (key == exact)


def _key(key: str) -> tuple[str, str]:
    """Return the host of a key and the part of the registry that it is for."""
    _, separator, rest = key.partition("://")
    host, _, path = (rest if separator else key).partition("/")
    path = path.strip("/")
    return host.lower(), "" if path in ("v1", "v2") or separator else path


def _runner(env: Mapping[str, str]) -> Ask:
    from towpath.core.runner import Runner

    runner = Runner(_Silent(), env=env, cwd=Path.cwd())
    return lambda argv, text: runner.run(argv, stdin=text, check=False, timeout=HELPER_PATIENCE)


class _Silent:
    """An echo that shows nothing: what a helper says is a secret."""

    def command(self, line: str) -> None:
        """Show nothing."""

    def stream(self, line: str) -> None:
        """Show nothing."""
