"""Where the engine keeps its files, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from towpath.core.errors import ConfigurationError
from towpath.engine.layout import Layout, layout


def test_default_is_one_engine_of_the_machine() -> None:
    """Without variables all clones share one engine."""
    own = layout({})

    assert own == Layout(Path("/var/lib/towpath"), Path("/run/towpath"), 5000)
    assert own.host == "unix:///run/towpath/docker.sock"
    assert own.registry == "localhost:5000"


def test_directory_and_port_come_from_the_environment() -> None:
    """TOWPATH_ENGINE_DIR takes everything, TOWPATH_ENGINE_PORT moves the registry."""
    own = layout({"TOWPATH_ENGINE_DIR": "/srv/engine", "TOWPATH_ENGINE_PORT": "5001"})

    assert own == Layout(Path("/srv/engine/state"), Path("/srv/engine/run"), 5001)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TOWPATH_ENGINE_PORT", "http"),
        ("TOWPATH_ENGINE_PORT", "0"),
        ("TOWPATH_ENGINE_PORT", "65536"),
        ("TOWPATH_ENGINE_DIR", "relative"),
        ("TOWPATH_ENGINE_DIR", "/with:colon"),
        ("TOWPATH_ENGINE_DIR", "/with space"),
        ("TOWPATH_ENGINE_DIR", "/" + "long/" * 20),
    ],
)
def test_impossible_value_names_its_variable(name: str, value: str) -> None:
    """A value that cannot work stops at once and says which variable holds it."""
    with pytest.raises(ConfigurationError, match=name):
        layout({name: value})


def test_environment_puts_the_fitting_client_first_and_only_once() -> None:
    """Commands get the engine's own client, however often the environment is made."""
    own = Layout()

    once = own.environment({"PATH": "/usr/bin"})
    twice = own.environment(once)

    assert once == {
        "DOCKER_HOST": "unix:///run/towpath/docker.sock",
        "DOCKER_CONFIG": "/run/towpath/client",
        "PATH": "/run/towpath/cli:/usr/bin",
    }
    assert twice == once


@pytest.mark.parametrize(
    ("registry", "ours"),
    [
        ("localhost:5000", True),
        ("127.0.0.1:5000", True),
        ("localhost:5001", False),
        ("registry.example.com:5000", False),
        ("localhost", False),
    ],
)
def test_where_the_engine_serves_images(registry: str, ours: bool) -> None:
    """On this machine, at its own port."""
    assert Layout().serves(registry) is ours
