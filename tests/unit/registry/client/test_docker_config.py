"""The Docker config, as the docker client reads it, in every form that is in use."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import outcome
from tests.logins import credentials
from tests.registry_server import Fault, Store
from towpath.core.errors import RegistryUnauthorizedError
from towpath.registry.client import credentials as flow
from towpath.registry.client.credentials import Credentials, look_up

HUB = "https://index.docker.io/v1/"
ME = Credentials("me", "word")


def auth(user: str = "me", password: str = "word") -> dict[str, str]:
    """Return an entry as `docker login` writes it."""
    return {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}


def written(folder: Path, document: Any) -> dict[str, str]:
    """Write a config and return the environment that names it."""
    text = document if isinstance(document, str) else json.dumps(document)
    (folder / "config.json").write_text(text)
    return {"DOCKER_CONFIG": str(folder)}


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (auth(), ME),
        ({"username": "me", "password": "word"}, ME),
        ({"username": "me", "password": "word", "auth": ""}, ME),
        ({"username": "other", "password": "x", **auth()}, ME),
        ({"auth": base64.b64encode(b"me:word\0\0").decode()}, ME),
        ({"auth": base64.b64encode(b"me:a:b").decode()}, Credentials("me", "a:b")),
        ({**auth("me", "word"), "identitytoken": "t"}, Credentials("me", "word", "t")),
        ({"identitytoken": "t"}, Credentials(identity_token="t")),
        ({"registrytoken": "t"}, Credentials(registry_token="t")),
        ({"email": "me@example.com"}, None),
        ({}, None),
        ({"username": "me"}, None),
    ],
)
def test_an_entry_is_read_in_every_form(
    tmp_path: Path, entry: dict[str, str], expected: Credentials | None
) -> None:
    """`auth` goes before a user and a password by name; a token is enough."""
    env = written(tmp_path, {"auths": {"r.example.com": entry}})

    assert credentials(env, "r.example.com") == expected


@pytest.mark.parametrize(
    ("key", "registry"),
    [
        (HUB, "docker.io"),
        ("docker.io", "docker.io"),
        ("index.docker.io", "docker.io"),
        ("registry-1.docker.io", "docker.io"),
        ("https://index.docker.io/v2/", "docker.io"),
        ("r.example.com:5000", "r.example.com:5000"),
        ("http://r.example.com:5000/", "r.example.com:5000"),
        ("R.example.com", "r.example.com"),
        ("r.example.com/", "r.example.com"),
        ("r.example.com/v2/", "r.example.com"),
    ],
)
def test_a_registry_is_found_by_every_form_of_its_name(
    tmp_path: Path, key: str, registry: str
) -> None:
    """Docker Hub has one of its own."""
    env = written(tmp_path, {"auths": {key: auth()}})

    assert credentials(env, registry, repository="team/app") == ME


@pytest.mark.parametrize(
    "key",
    [
        "r.example.com:5000",
        "example.com",
        "r.example.com.evil.com",
        "evil.com/r.example.com",
        "https://evil.com/r.example.com",
        "r.example.com@evil.com",
        "*.example.com",
        "r.example.com/other",
        "r.example.com/team/ap",
    ],
)
def test_a_login_of_another_place_is_not_used(tmp_path: Path, key: str) -> None:
    """Another port, host or part of the registry."""
    env = written(tmp_path, {"auths": {key: auth()}})

    assert credentials(env, "r.example.com", repository="team/app") is None


def test_the_nearest_part_of_a_registry_counts(tmp_path: Path) -> None:
    """A login may be for one team or one repository. Source: containers-auth.json(5)."""
    rows = {
        "r.example.com": auth("all"),
        "r.example.com/team": auth("team"),
        "r.example.com/team/app": auth("app"),
        "https://r.example.com/v1/": auth("old"),
    }
    env = written(tmp_path, {"auths": rows})

    found = {
        name: credentials(env, "r.example.com", repository=name)
        for name in ("team/app", "team/app-wheels", "teams/app", "team/app/x")
    }

    assert {name: row.user for name, row in found.items() if row} == {
        "team/app": "app",
        "team/app-wheels": "team",
        "teams/app": "all",
        "team/app/x": "app",
    }


def test_the_variable_goes_before_the_file(tmp_path: Path) -> None:
    """What it does not name is in the file still."""
    env = written(tmp_path, {"auths": {"r": auth("file"), "s": auth("file")}})
    env["DOCKER_AUTH_CONFIG"] = json.dumps({"auths": {"r": auth("variable")}})

    assert credentials(env, "r") == Credentials("variable", "word")
    assert credentials(env, "s") == Credentials("file", "word")
    env["DOCKER_AUTH_CONFIG"] = ""
    assert credentials(env, "r") == Credentials("file", "word")


@pytest.mark.parametrize("text", ["{", "[]", "null", "x", "5", "[" * 100_000])
def test_a_variable_that_is_not_readable_is_said_when_it_is_missed(
    tmp_path: Path, text: str
) -> None:
    """The file counts then; the docker client goes on as well."""
    env = written(tmp_path, {"auths": {"r": auth()}}) | {"DOCKER_AUTH_CONFIG": text}

    assert credentials(env, "r") == ME
    assert (
        look_up(env, "s").problem == "DOCKER_AUTH_CONFIG cannot be read: it is not a JSON object."
    )


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ("{", "cannot be read: it is not a JSON object."),
        ("[]", "cannot be read: it is not a JSON object."),
        ("[" * 100_000, "cannot be read: it is not a JSON object."),
        ("\xff", "cannot be read: it is not a JSON object."),
        ({"auths": []}, ": the logins are not a JSON object."),
        ({"auths": {"r": "me:word"}}, ": the login of r has fields of the wrong type."),
        ({"auths": {"r": {"auth": 5}}}, ": the login of r has fields of the wrong type."),
        ({"auths": {"r": {"username": ["me"]}}}, ": the login of r has fields of the wrong type."),
        ({"auths": {"r": {"auth": "!"}}}, ": the login of r is not valid base64 text."),
        ({"auths": {"r": {"auth": "/w=="}}}, ": the login of r is not valid base64 text."),
        ({"auths": {"r": {"auth": "bWU="}}}, ": the login of r has no user name and password."),
        (
            {"credsStore": 5},
            ": a credential helper's name has other characters than A-Z, 0-9, '.', '_', '-'.",
        ),
        (
            {"credHelpers": {"r": "../../tmp/x"}},
            ": a credential helper's name has other characters than A-Z, 0-9, '.', '_', '-'.",
        ),
        ({"credHelpers": "x"}, ": the logins are not a JSON object."),
        ("", ""),
        ({}, ""),
    ],
)
def test_a_config_that_is_not_readable_is_said_when_it_is_missed(
    tmp_path: Path, document: Any, problem: str
) -> None:
    """It goes on as anybody, as the docker client does, and not in silence."""
    found = look_up(written(tmp_path, document), "r")

    assert found.credentials is None
    place = str(tmp_path / "config.json")
    assert found.problem == (
        f"{place}{'' if problem[:1] == ':' else ' '}{problem}" if problem else ""
    )


def test_a_config_that_may_not_be_opened_is_said(tmp_path: Path) -> None:
    """A directory in its place, for example."""
    (tmp_path / "config.json").mkdir()

    found = look_up({"DOCKER_CONFIG": str(tmp_path)}, "r")

    assert found.problem == f"{tmp_path / 'config.json'} cannot be read: Is a directory."


@pytest.mark.door
def test_the_refusal_of_a_registry_says_what_was_not_readable(store: Store, tmp_path: Path) -> None:
    """Else one looks for the mistake at the registry."""
    env = written(tmp_path, "{")
    store.faults = [Fault("/v2/", 401, {"WWW-Authenticate": 'Basic realm="r"'})]

    with pytest.raises(RegistryUnauthorizedError) as caught:
        store.client(env).ping()
    assert caught.value.why.endswith("config.json cannot be read: it is not a JSON object.")


@pytest.mark.door
def test_a_token_for_the_registry_is_sent_as_it_is(store: Store, tmp_path: Path) -> None:
    """Nobody is asked for another one."""
    store.token = "mine"
    env = written(tmp_path, {"auths": {store.host: {"registrytoken": "mine"}}})

    store.client(env).ping()

    assert store.authorizations == ["", "Bearer mine"]


def test_a_helper_that_is_named_as_nothing_means_the_file(tmp_path: Path) -> None:
    """So one registry is in the file, while a helper keeps all others."""
    document = {"auths": {"r": auth()}, "credsStore": "all", "credHelpers": {"r": ""}}

    assert credentials(written(tmp_path, document), "r") == ME


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (outcome('{"Username": "", "Secret": ""}'), None),
        (outcome(code=1, stdout="credentials not found in native keychain"), None),
        (outcome(code=1, stderr="no credentials server URL"), None),
        (outcome('{"ServerURL": "r", "Username": "me", "Secret": "word"}'), ME),
    ],
)
def test_what_a_helper_says(tmp_path: Path, said: Any, expected: Credentials | None) -> None:
    """Nothing is nothing, and other words are no failure."""
    env = written(tmp_path, {"credsStore": "all"})

    assert credentials(env, "r", lambda _argv, _text: said) == expected


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (outcome(code=1), "It exited with code 1 and no output."),
        (outcome(code=1, stderr="the keychain is locked"), "the keychain is locked"),
        (outcome(""), "Its output is not valid."),
        (outcome('{"Username": 5, "Secret": "word"}'), "Its output is not valid."),
        (outcome('{"Username": "me"}'), "Its output is not valid."),
        (outcome("[" * 100_000), "Its output is not valid."),
    ],
)
def test_a_helper_that_fails_is_an_error(tmp_path: Path, said: Any, why: str) -> None:
    """To go on as anybody would hide it."""
    env = written(tmp_path, {"credHelpers": {"r": "own"}})

    with pytest.raises(RegistryUnauthorizedError) as caught:
        credentials(env, "r", lambda _argv, _text: said)

    assert caught.value.what == "docker-credential-own returned no credentials for r."
    assert caught.value.why == why


@pytest.mark.door
@pytest.mark.parametrize("script", ["exec sleep 60", "exit 0", "absent"])
def test_a_helper_that_hangs_or_is_silent_or_absent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    """Each is an error that names it, in time."""
    monkeypatch.setattr(flow, "HELPER_PATIENCE", 0.3)
    program = tmp_path / "docker-credential-own"
    if script != "absent":
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
    env = written(tmp_path, {"credsStore": "own"}) | {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    began = time.monotonic()

    with pytest.raises(RegistryUnauthorizedError, match="docker-credential-own returned no"):
        credentials(env, "r")
    assert time.monotonic() - began < 20
