"""Who we are to a registry: files, helpers and tokens."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import outcome
from tests.logins import credentials
from tests.registry_server import NAME, Store
from towpath.core.errors import CommandFailedError, RegistryUnauthorizedError
from towpath.core.runner import Outcome
from towpath.registry.client.auth import Access
from towpath.registry.client.credentials import Credentials, LoginSource
from towpath.registry.client.wire import Response

HELPER = """#!/bin/sh
[ "$1" = get ] || exit 1
read -r name
[ "$name" = r.example.com ] && echo '{"Username": "me", "Secret": "pass word"}' && exit 0
echo "credentials not found in native keychain"
exit 1
"""


def written(folder: Path, document: Any) -> dict[str, str]:
    """Write a Docker config and return the environment that names it."""
    (folder / "config.json").write_text(json.dumps(document))
    return {"DOCKER_CONFIG": str(folder)}


def asked(answer: Outcome) -> tuple[list[tuple[list[str], str]], Any]:
    """Return what a helper will be asked, and a helper that answers so."""
    calls: list[tuple[list[str], str]] = []

    def ask(argv: list[str], text: str) -> Outcome:
        calls.append((argv, text))
        return answer

    return calls, ask


@pytest.mark.parametrize(
    "key", ["r.example.com", "https://r.example.com", "https://r.example.com/v1/"]
)
def test_a_login_is_found_however_it_was_written(tmp_path: Path, key: str) -> None:
    """Older logins wrote a whole URL."""
    pair = base64.b64encode(b"me:word").decode()
    env = written(tmp_path, {"auths": {key: {"auth": pair}}})

    assert credentials(env, "r.example.com") == Credentials("me", "word")
    assert credentials(env, "other.example.com") is None


def test_the_registry_s_own_helper_goes_before_the_one_for_all(tmp_path: Path) -> None:
    """The registry's name goes to standard input, never to the command line."""
    env = written(tmp_path, {"credsStore": "all", "credHelpers": {"r": "own"}})
    calls, ask = asked(outcome('{"Username": "me", "Secret": "word"}'))

    assert credentials(env, "r", ask) == Credentials("me", "word")
    assert credentials(env, "s", ask) == Credentials("me", "word")
    assert calls == [
        (["docker-credential-own", "get"], "r"),
        (["docker-credential-all", "get"], "s"),
    ]


def test_a_helper_may_know_a_token(tmp_path: Path) -> None:
    """Its user name marks it."""
    env = written(tmp_path, {"credsStore": "all"})
    _, ask = asked(outcome('{"Username": "<token>", "Secret": "long"}'))

    assert credentials(env, "r", ask) == Credentials(identity_token="long")


def test_a_helper_that_knows_nothing_is_no_failure(tmp_path: Path) -> None:
    """The registry says if it wants a login."""
    env = written(tmp_path, {"credsStore": "all"})
    _, ask = asked(outcome(code=1, stderr="credentials not found in native keychain"))

    assert credentials(env, "r", ask) is None


@pytest.mark.parametrize(
    "answer", [outcome(code=1, stderr="locked"), outcome("no json"), outcome("{}"), outcome("[]")]
)
def test_a_helper_that_fails_is_named(tmp_path: Path, answer: Outcome) -> None:
    """What it said of a secret is not repeated."""
    env = written(tmp_path, {"credsStore": "all"})
    _, ask = asked(answer)

    with pytest.raises(RegistryUnauthorizedError, match="docker-credential-all"):
        credentials(env, "r", ask)


@pytest.mark.door
def test_a_helper_is_a_program(tmp_path: Path) -> None:
    """It runs with the environment given; one that is not installed is an error."""
    program = tmp_path / "docker-credential-test"
    program.write_text(HELPER)
    program.chmod(0o755)
    env = written(tmp_path, {"credsStore": "test"}) | {"PATH": f"{tmp_path}:/usr/bin:/bin"}

    assert credentials(env, "r.example.com") == Credentials("me", "pass word")
    assert credentials(env, "s.example.com") is None
    program.unlink()
    with pytest.raises(CommandFailedError, match="docker-credential-test"):
        credentials(env, "r.example.com")


def test_a_secret_is_not_shown() -> None:
    """Not even in a traceback."""
    assert repr(Credentials("me", "word", "token")) == "Credentials('me')"


def test_an_identity_token_is_changed_for_a_short_one() -> None:
    """It goes in the body of a POST. Source: OAuth2 Token Authentication."""
    sent: list[tuple[str, str, bytes]] = []

    class Nothing:
        def read(self, size: int) -> bytes:
            return b""

        def close(self) -> None:
            return

    class Said(Nothing):
        def __init__(self) -> None:
            self.left = b'{"access_token": "short"}'

        def read(self, size: int) -> bytes:
            found, self.left = self.left, b""
            return found

    def send(method: str, url: str, _headers: object, body: bytes) -> Response:
        sent.append((method, url, body))
        return Response(url, 200, "", {}, Said())

    access = Access(
        "r",
        is_loopback=False,
        find=lambda: LoginSource(Credentials(identity_token="long")),
        send=send,
    )

    assert access.answer("", 'Bearer realm="https://r/token",service="s"') == 1
    assert access.header == "Bearer short"
    assert access.answer("old", "Bearer") == 0
    ((method, url, body),) = sent
    assert (method, url) == ("POST", "https://r/token")
    assert b"refresh_token=long" in body and b"grant_type=refresh_token" in body


@pytest.mark.door
def test_a_token_that_ends_is_renewed(store: Store) -> None:
    """A 401 in the middle fetches a new one, and the request goes through."""
    store.token = "first"
    client = store.client()
    client.ping()
    store.token = "second"

    blob = client.put_blob(b"hello", "text/plain")

    assert store.blobs == {blob.digest: b"hello"}
    assert store.authorizations[-1] == "Bearer second"
    assert NAME in store.asked[-1]
