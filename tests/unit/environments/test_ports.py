"""A port that Docker could not have is named, with who has it and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.deployment.world import World, site_of
from towpath.core.errors import CommandFailedError, ConfigurationError
from towpath.core.runner import Outcome, command_failed
from towpath.environments import services as stack

SAID = "Bind for 127.0.0.1:8081 failed: port is already allocated"


class Taken(World):
    """An engine that cannot publish the proxy's port; `names` are the containers that have it."""

    said = SAID
    names = ""

    def answer(
        self, argv: tuple[str, ...], env: dict[str, str], stdin: str | None, check: bool
    ) -> Outcome:
        """Refuse, or say who has it."""
        if argv[:2] == ("docker", "ps"):
            assert "--filter=publish=8081" in argv
            return Outcome(argv, 0, self.names, "", 0.1)
        if "config" in argv:
            return super().answer(argv, env, stdin, check)
        raise command_failed(Outcome(argv, 1, "", self.said, 0.1), " ".join(argv))


@pytest.mark.parametrize(
    ("names", "holder", "who"),
    [
        ("shop-proxy-1\n", "", "It is used by the container shop-proxy-1."),
        ("", "nginx (process 7)", "It is used by nginx (process 7)."),
        ("", "", "It is used by a program that only root can identify."),
    ],
)
def test_a_taken_port_of_the_proxy_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: str, holder: str, who: str
) -> None:
    """A container first, else a program of this machine."""
    monkeypatch.setattr("towpath.engine.ports.holder", lambda _port: holder)
    world = Taken()
    world.names = names
    with pytest.raises(ConfigurationError) as caught:
        stack.up(site_of(world, tmp_path), ("proxy",))

    assert (
        caught.value.what
        == "Port 8081 of this machine is in use, but the proxy of staging needs it."
    )
    assert caught.value.why == who
    assert "port in [tool.towpath.environments.staging]" in caught.value.next_step


def test_another_failure_stays_what_it_is(tmp_path: Path) -> None:
    """Nothing else is taken for a port."""
    world = Taken()
    world.said = "no such image"
    with pytest.raises(CommandFailedError, match="docker failed"):
        stack.up(site_of(world, tmp_path), ("proxy",))
