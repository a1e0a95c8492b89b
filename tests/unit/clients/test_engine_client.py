"""What `docker inspect` says -> a container."""

from __future__ import annotations

from typing import Any

import pytest

from towpath.clients import engine
from towpath.clients.engine import Container


def inspected(**state: Any) -> dict[str, Any]:
    """Return what the engine says of a web container."""
    labels = {
        "com.docker.compose.service": "web",
        "towpath.digest": "sha256:a",
        "towpath.version": "1.0",
        "towpath.deployment": "d1",
    }
    return {
        "Id": "abc",
        "Name": "/box-staging-web-1",
        "RestartCount": 2,
        "State": {"Running": True, "StartedAt": "2026-01-01T00:00:00Z", **state},
        "Config": {"Image": "r/i@sha256:a", "Labels": labels},
        "NetworkSettings": {
            "Networks": {"edge": {"IPAddress": "10.0.0.2"}, "inside": {"IPAddress": ""}}
        },
    }


def test_a_container_is_read_with_what_the_deployer_wrote_on_it() -> None:
    """Labels, health, restarts and the addresses that it has."""
    assert engine._container(inspected(Health={"Status": "healthy"})) == Container(
        id="abc",
        name="box-staging-web-1",
        service="web",
        running=True,
        health="healthy",
        restarts=2,
        digest="sha256:a",
        version="1.0",
        deployment="d1",
        image="r/i@sha256:a",
        started="2026-01-01T00:00:00Z",
        addresses={"edge": "10.0.0.2"},
    )


@pytest.mark.parametrize(
    ("state", "well"),
    [
        ({"Health": {"Status": "healthy"}}, True),
        ({"Health": {"Status": "starting"}}, False),
        ({"Health": {"Status": "unhealthy"}}, False),
        ({}, True),
        ({"Restarting": True}, False),
        ({"Running": False, "Health": {"Status": "healthy"}}, False),
    ],
)
def test_a_container_is_well_if_it_runs_and_its_check_agrees(
    state: dict[str, Any], well: bool
) -> None:
    """One that has no check of its own is well while it runs."""
    assert engine._container(inspected(**state)).well is well
