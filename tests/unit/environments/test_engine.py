"""What `docker inspect` says -> a container."""

from __future__ import annotations

from typing import Any

import pytest

from tests.clock import QuickClock
from towpath.environments import engine
from towpath.environments.engine import Container


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


LOST = (
    "OCI runtime exec failed: exec failed: unable to start container process: waiting for init"
    " preliminary setup: read init-p: connection reset by peer: unknown"
)
MISSING = (
    'OCI runtime exec failed: exec failed: unable to start container process: exec: "bash":'
    " executable file not found in $PATH: unknown"
)


class Answers:
    """What an engine's containers say to a command, one answer after the other."""

    def __init__(self, *answers: tuple[int | None, str]) -> None:
        self.answers, self.asked = list(answers), 0

    @property
    def containers(self) -> Answers:
        return self

    def get(self, _id: str) -> Answers:
        return self

    def exec_run(self, _argv: list[str]) -> tuple[int | None, bytes]:
        self.asked += 1
        code, text = self.answers.pop(0)
        return code, text.encode()


@pytest.mark.parametrize(
    ("answers", "wanted", "asked"),
    [
        ([(126, LOST), (126, LOST), (0, "done")], (0, "done"), 3),
        ([(127, MISSING)], (127, MISSING), 1),
        ([(1, "It began: OCI runtime exec failed:")], (1, "It began: OCI runtime exec failed:"), 1),
        ([(126, LOST)] * 5, (126, LOST), 5),
        ([(None, "cut")], (-1, "cut"), 1),
        ([(0, LOST)], (0, LOST), 1),
    ],
)
def test_a_command_that_the_engine_could_not_start_is_started_again(
    answers: list[tuple[int | None, str]], wanted: tuple[int, str], asked: int
) -> None:
    """One that began is not, nor one that is not there: the first may have done something."""
    said = Answers(*answers)
    clock = QuickClock()
    asking = engine.Engine({}, clock)
    vars(asking)["client"] = said
    assert asking.execute(engine.Container("1", "web-1", "web", True), ["true"]) == wanted
    assert said.asked == asked
    assert clock.waits == [0.2, 0.4, 0.8, 1.6][: asked - 1]
