"""The proxy's slots: taken, set, cleared and saved."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.clock import QuickClock
from tests.state import DirectoryState
from tests.unit.deployment.world import World
from towpath.core.errors import CommandFailedError, ProxyUnreachableError
from towpath.environments.engine import Container
from towpath.environments.proxy import Proxy

PROXY = Container("1", "proxy-1", "proxy", running=True)


@pytest.fixture
def world() -> World:
    """A proxy with eight empty slots."""
    return World()


@pytest.fixture
def proxy(world: World, tmp_path: Path) -> Proxy:
    """The door to it."""
    return Proxy(lambda argv: world.execute(PROXY, argv), DirectoryState(tmp_path), QuickClock())


def test_a_container_gets_one_slot_and_no_request_yet(proxy: Proxy, world: World) -> None:
    """Placing it twice takes no second slot."""
    proxy.add_server("web-1")
    proxy.add_server("web-1")
    slot = proxy.slot("web-1")

    assert [slot.host for slot in world.slots].count("web-1") == 1
    assert slot is not None and (slot.name, slot.state, slot.up) == ("web1", "maint", False)


def test_each_change_is_saved_for_a_proxy_that_starts_again(
    proxy: Proxy, world: World, tmp_path: Path
) -> None:
    """The file is the proxy's own answer, readable for its user."""
    proxy.add_server("web-1")
    proxy.set("web-1", "ready")
    file = tmp_path / "proxy" / "servers.state"

    assert "web web1 web-1 68" in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o644


def test_a_cleared_slot_is_free_again(proxy: Proxy, world: World) -> None:
    """Clearing what has no slot is fine."""
    proxy.add_server("web-1")
    proxy.set("web-1", "ready")
    proxy.clear("web-1")
    proxy.clear("web-1")

    assert proxy.slot("web-1") is None
    assert world.slots[0].state == "maint"


def test_a_full_proxy_refuses_and_says_who_is_in_it(proxy: Proxy) -> None:
    """Eight slots hold eight containers."""
    for number in range(8):
        proxy.add_server(f"web-{number}")
    with pytest.raises(CommandFailedError, match="no free slot for web-8") as caught:
        proxy.add_server("web-8")

    assert "web-0" in caught.value.why


def test_a_container_without_a_slot_cannot_be_set(proxy: Proxy) -> None:
    """It has to be placed first."""
    with pytest.raises(CommandFailedError, match="has no slot for web-9"):
        proxy.set("web-9", "ready")


def test_what_the_proxy_refuses_is_an_error(world: World, tmp_path: Path) -> None:
    """Any word where silence means success."""

    def refuse(argv: Sequence[str]) -> tuple[int, str]:
        if "state" in argv[-2] and argv[-2].startswith("set"):
            return 0, f"No such server.\n{argv[-1]}\n"
        return world.execute(PROXY, argv)

    proxy = Proxy(refuse, DirectoryState(tmp_path))
    proxy.add_server("web-1")
    with pytest.raises(CommandFailedError, match="rejected") as caught:
        proxy.set("web-1", "ready")

    assert caught.value.why == "No such server."


def test_an_api_that_does_not_answer_is_an_error(tmp_path: Path) -> None:
    """The proxy's container may be starting."""
    with pytest.raises(CommandFailedError, match="did not answer"):
        Proxy(lambda argv: (1, "connect: refused"), DirectoryState(tmp_path)).slots()


def test_an_answer_without_a_line_is_asked_for_again(world: World, tmp_path: Path) -> None:
    """On a busy machine HAProxy closes a connection without an answer; silence ends with a line."""
    lost = [3]

    def execute(argv: Sequence[str]) -> tuple[int, str]:
        lost[0] -= 1
        return (0, f"{argv[-1]}\n") if lost[0] >= 0 else world.execute(PROXY, argv)

    assert len(Proxy(execute, DirectoryState(tmp_path), QuickClock()).slots()) == 8
    lost[0] = 99
    with pytest.raises(ProxyUnreachableError, match="did not answer"):
        Proxy(execute, DirectoryState(tmp_path), QuickClock()).slots()


def test_an_answer_that_lost_its_end_is_asked_for_again(proxy: Proxy, world: World) -> None:
    """Half a table is never read as the whole, and an empty answer never as a yes."""
    proxy.add_server("web-1")
    world.cut = 2
    proxy.set("web-1", "ready")

    assert world.slots[0].state == "ready"
    assert len(proxy.slots()) == 8


def test_answers_that_stay_cut_are_an_error(proxy: Proxy, world: World) -> None:
    """The proxy is asked a few times, not for ever."""
    world.cut = 99

    with pytest.raises(CommandFailedError, match="did not answer"):
        proxy.slots()
