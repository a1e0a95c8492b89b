"""The connection to an engine on another machine: what ssh is asked, and what its refusals mean."""

from __future__ import annotations

import pytest

from towpath.config.engine_address import SshAddress, chosen, read_engine, read_ssh
from towpath.core.errors import ConfigurationError
from towpath.engine import ssh, ssh_commands

HOST = SshAddress("host.example.com", "deploy")


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("ssh://host", SshAddress("host")),
        ("ssh://deploy@host.example.com", HOST),
        ("ssh://deploy@host:2222", SshAddress("host", "deploy", "2222")),
        ("ssh://[2001:db8::1]:22", SshAddress("[2001:db8::1]", port="22")),
        (
            "ssh://a@h/run/user/1000/docker.sock",
            SshAddress("h", "a", "", "/run/user/1000/docker.sock"),
        ),
        ("tcp://host:2376", None),
        ("unix:///run/docker.sock", None),
        ("production", None),
        ("", None),
    ],
)
def test_an_address_is_read(text: str, address: SshAddress | None) -> None:
    """Whatever is left out is ssh's own configuration."""
    assert read_engine(text, "engine") == text
    assert read_ssh(text) == address


@pytest.mark.parametrize(
    "text",
    ["ssh://-oProxyCommand=x", "ssh://a:" + "b@host", "ssh://", "ssh://host;x", "-H", "http://x"]
    + ["ssh://host/a b", "ssh://-l@host", "tcp://host", "a b", "ssh://host:port", "$(x)"],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    """It would be an option of ssh, or has a password in it."""
    with pytest.raises(ConfigurationError, match="engine is .* not the address") as caught:
        read_engine(text, "engine")

    assert "ssh://deploy@host" in caught.value.next_step


def test_a_variable_replaces_the_setting_of_its_environment() -> None:
    """Its name is the environment's."""
    env = {"TOWPATH_ENGINE_EU_WEST": "ssh://b", "TOWPATH_ENGINE_STAGING": ""}

    assert chosen(env, "eu-west", "ssh://a") == "ssh://b"
    assert chosen(env, "staging", "ssh://a") == "ssh://a"
    with pytest.raises(ConfigurationError, match="TOWPATH_ENGINE_X is '-x'"):
        chosen({"TOWPATH_ENGINE_X": "-x"}, "x", "")


def test_ssh_asks_nobody_and_ends_with_us() -> None:
    """The address is behind `--`, so that it is no option whatever it is."""
    argv = ssh_commands.tunnel(HOST, "/tmp/x/docker.sock", "localhost:5000")

    assert argv[:2] == ["ssh", "-T"]
    assert "BatchMode=yes" in argv
    assert argv[argv.index("-L") + 1] == "/tmp/x/docker.sock:/var/run/docker.sock"
    assert argv[argv.index("-R") + 1] == "localhost:5000:localhost:5000"
    assert argv[-3:] == ["--", "deploy@host.example.com", "exec cat"]
    assert "-p" not in argv


@pytest.mark.parametrize(
    ("said", "step"),
    [
        ("No ED25519 host key is known\nHost key verification failed.", "ssh-keyscan host.example"),
        ("REMOTE HOST IDENTIFICATION HAS CHANGED!\nHost key verification failed.", "ssh-keygen -R"),
        ("deploy@host: Permission denied (publickey).", "authorized_keys"),
        ("ssh: connect to host x port 22: Connection refused", "ssh deploy@host.example.com"),
        ("", "docker info"),
    ],
)
def test_a_refusal_says_what_helps(said: str, step: str) -> None:
    """By the words of ssh, which are the second line."""
    error = ssh._refused(HOST, said)

    assert error.what == "Cannot connect to deploy@host.example.com by ssh."
    assert step in error.next_step
    assert said.splitlines()[-1:] == [error.why][: len(said)]
