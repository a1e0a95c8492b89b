"""Engines that Docker's settings name: by a variable, by a context, with TLS, or wrongly."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import QuietTerminal
from tests.unit.engine.starter import TableStarter
from towpath.core.errors import ConfigurationError, EngineAbsentError
from towpath.engine import contexts, discover
from towpath.engine import lifecycle as flow
from towpath.engine.discover import DiscoveredEngine, find

OWN = "unix:///run/towpath/docker.sock"
ROOTLESS = "unix:///run/user/1000/docker.sock"
LAB = hashlib.sha256(b"lab").hexdigest()
PLAIN = {"DOCKER_CONTEXT": "", "DOCKER_TLS_VERIFY": "", "DOCKER_TLS": ""}


def context(home: Path, endpoint: Any, *files: str, current: bool = True) -> dict[str, str]:
    """Make the context `lab` with files for TLS; return an environment that leads to it."""
    meta, tls = home / "contexts/meta" / LAB, home / "contexts/tls" / LAB / "docker"
    meta.mkdir(parents=True)
    tls.mkdir(parents=True)
    (meta / "meta.json").write_text(json.dumps({"Name": "lab", "Endpoints": {"docker": endpoint}}))
    for name in files:
        (tls / name).touch()
    if current:
        (home / "config.json").write_text('{"currentContext": "lab"}')
        return {"DOCKER_CONFIG": str(home)}
    return {"DOCKER_CONFIG": str(home), "DOCKER_CONTEXT": "lab"}


@pytest.mark.parametrize("current", [True, False], ids=["config.json", "DOCKER_CONTEXT"])
def test_the_engine_of_a_context_is_every_clients(tmp_path: Path, current: bool) -> None:
    """Rootless, Colima, Desktop: the SDK knows no contexts, so that it gets variables."""
    env = context(tmp_path, {"Host": ROOTLESS}, current=current)

    assert find(env, {ROOTLESS}.__contains__) == DiscoveredEngine(
        "host", ROOTLESS, {"DOCKER_HOST": ROOTLESS, **PLAIN}
    )


@pytest.mark.parametrize(("skip", "verify"), [(False, "1"), (True, ""), ("yes", "1")])
def test_a_context_with_tls_brings_its_certificates(tmp_path: Path, skip: Any, verify: str) -> None:
    """They lie where the client keeps them; only a plain `true` turns the check off."""
    endpoint = {"Host": "tcp://lab:2376", "SkipTLSVerify": skip}
    env = context(tmp_path, endpoint, "ca.pem", "cert.pem", "key.pem")

    assert contexts.named(env).environment == {
        "DOCKER_HOST": "tcp://lab:2376",
        "DOCKER_CONTEXT": "",
        "DOCKER_TLS": "1",
        "DOCKER_TLS_VERIFY": verify,
        "DOCKER_CERT_PATH": str(tmp_path / "contexts/tls" / LAB / "docker"),
    }


def test_a_context_with_half_of_its_certificates_is_refused(tmp_path: Path) -> None:
    """What is missing is named."""
    env = context(tmp_path, {"Host": "tcp://lab:2376"}, "ca.pem")
    with pytest.raises(ConfigurationError, match="TLS") as caught:
        contexts.named(env)

    assert "has ca.pem; required are ca.pem, cert.pem, key.pem" in caught.value.why


@pytest.mark.parametrize("text", ["", "{", "[]", "[" * 99_999, '{"Endpoints": [1]}', " " * 2**21])
def test_a_context_that_is_not_there_is_refused(tmp_path: Path, text: str) -> None:
    """The client refuses it too; nobody is led to another engine in silence."""
    env = context(tmp_path, {"Host": ROOTLESS})
    (tmp_path / "contexts/meta" / LAB / "meta.json").write_text(text)
    with pytest.raises(ConfigurationError, match="The context lab of") as caught:
        discover.host_endpoint(env)

    assert "DOCKER_CONTEXT=default" in caught.value.next_step


@pytest.mark.parametrize(
    "settings", ["{", "[]", '{"currentContext": 1}', '{"currentContext": "default"}']
)
def test_settings_without_a_context_mean_the_default(tmp_path: Path, settings: str) -> None:
    """As they do for the client."""
    (tmp_path / "config.json").write_text(settings)

    assert contexts.named({"DOCKER_CONFIG": str(tmp_path)}) == contexts.Named()


def test_the_default_context_beats_the_one_of_the_settings(tmp_path: Path) -> None:
    """Its engine is the one of the default socket; so does an empty host say."""
    env = context(tmp_path, {"Host": ROOTLESS})
    assert discover.host_endpoint({**env, "DOCKER_CONTEXT": "default"}) == discover.DEFAULT

    assert contexts.named(context(tmp_path / "other", {"Host": ""})) == contexts.Named()


@pytest.mark.parametrize("empty", ["", "  "])
def test_an_empty_variable_names_nothing(tmp_path: Path, empty: str) -> None:
    """DOCKER_HOST, DOCKER_CONTEXT and DOCKER_CONFIG alike."""
    env = dict.fromkeys(("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG"), empty)

    assert contexts.named({**env, "HOME": str(tmp_path)}) == contexts.Named()


def test_an_address_without_a_scheme_is_tcp(tmp_path: Path) -> None:
    """As the client takes it."""
    assert discover.host_endpoint({"DOCKER_HOST": " lab:2375 "}) == "tcp://lab:2375"


@pytest.mark.parametrize(
    "variables",
    [{"DOCKER_HOST": "tcp://lab:2375"}, {"DOCKER_CONTEXT": "lab"}, {}],
    ids=["DOCKER_HOST", "DOCKER_CONTEXT", "config.json"],
)
def test_an_engine_that_was_named_is_not_exchanged_for_another(
    tmp_path: Path, variables: dict[str, str]
) -> None:
    """Not for the embedded one either, though that answers."""
    env = context(tmp_path, {"Host": "tcp://lab:2375"}) | variables
    runner = TableStarter(env=env)
    with pytest.raises(EngineAbsentError, match="tcp://lab:2375") as caught:
        flow.up(runner, QuietTerminal(), {OWN}.__contains__)

    assert "It is configured by" in caught.value.why


@pytest.mark.parametrize("endpoint", ["ssh://deploy@lab", "npipe:////./pipe/docker", "fd://3"])
@pytest.mark.parametrize("by_context", [True, False])
def test_an_engine_that_we_cannot_reach_is_refused_at_once(
    tmp_path: Path, endpoint: str, by_context: bool
) -> None:
    """The error names the address and the ways out, not a library that is missing."""
    env = context(tmp_path, {"Host": endpoint}) if by_context else {"DOCKER_HOST": endpoint}
    runner = TableStarter(env=env)
    with pytest.raises(ConfigurationError, match="is not supported") as caught:
        flow.up(runner, QuietTerminal())

    assert endpoint in caught.value.what
    assert "unix:// or tcp://" in caught.value.why
