"""What the engine needs of the machine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.fakes import outcome
from tests.unit.engine.starter import TableStarter
from towpath.core.errors import EngineAbsentError
from towpath.engine import machine
from towpath.engine.machine import Machine, distributions, require

DEBIAN = Machine("linux", frozenset({"debian"}), 0, "x86_64")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('PRETTY_NAME="Debian GNU/Linux 13"\nID=debian\n', {"debian"}),
        ("ID=linuxmint\nID_LIKE='ubuntu debian'\n", {"linuxmint", "ubuntu", "debian"}),
        ("", set()),
    ],
)
def test_distributions_of_os_release(text: str, expected: set[str]) -> None:
    """The distribution and those it is like are read, quoted or not."""
    assert distributions(text) == expected


@pytest.mark.parametrize("name", ["debian", "ubuntu"])
def test_debian_and_ubuntu_with_root_will_do(name: str) -> None:
    """On these machines nothing is missing."""
    good = replace(DEBIAN, distributions=frozenset({name}))

    assert require(good) is None  # type: ignore[func-returns-value]


@pytest.mark.parametrize(
    ("this", "step"),
    [
        (replace(DEBIAN, user=1000), "sudo ./dev invoke engine.up"),
        (replace(DEBIAN, distributions=frozenset({"fedora"})), "get.docker.com"),
        (replace(DEBIAN, system="darwin"), "Docker Desktop"),
    ],
    ids=["no root", "another Linux", "macOS"],
)
def test_elsewhere_the_one_thing_to_do_is_named(this: Machine, step: str) -> None:
    """The refusal is a configuration error that ends with what to do."""
    with pytest.raises(EngineAbsentError) as caught:
        require(this)

    assert caught.value.code == 2
    assert step in caught.value.next_step


def test_tools_that_are_there_are_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With mmdebstrap on PATH apt is not called at all."""
    tool = tmp_path / "mmdebstrap"
    tool.touch(mode=0o755)
    monkeypatch.setattr(machine, "AUTHORITIES", tool)
    runner = TableStarter(env={"PATH": str(tmp_path)})

    machine.install_tools(runner)

    assert runner.lines == []


def test_stale_package_lists_are_fetched_and_the_tools_installed(tmp_path: Path) -> None:
    """When the first try fails the lists are fetched once, then it is tried again."""
    tries = iter([outcome(code=100, stderr="404"), outcome()])
    runner = TableStarter(
        {"install": lambda _argv: next(tries), "update": ""}, {"PATH": str(tmp_path)}
    )

    machine.install_tools(runner)

    assert [line.split()[1] for line in runner.lines] == ["install", "update", "install"]


def test_mirrors_are_read_from_both_places(tmp_path: Path) -> None:
    """The old file and the folder of new ones are read together."""
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list").write_text("deb http://m/debian bookworm main\n")
    (tmp_path / "sources.list.d/s.sources").write_text(
        "Types: deb\nURIs: http://m/sec\nSuites: bookworm-security\n"
    )

    assert machine.host_mirrors(DEBIAN, tmp_path)[2] == "deb http://m/sec trixie-security main"


def test_ubuntus_mirrors_have_no_debian(tmp_path: Path) -> None:
    """On Ubuntu Debian's own mirror is used."""
    ubuntu = replace(DEBIAN, distributions=frozenset({"ubuntu", "debian"}))

    assert machine.host_mirrors(ubuntu, tmp_path) == []


def test_proxy_of_apt_beats_the_environment() -> None:
    """APT's setting is for packages, so it wins; the variable is the fallback."""
    runner = TableStarter(
        {"Acquire::http::": "proxy='http://apt:3142'\n", "Acquire::https::": "\n"},
        {"http_proxy": "http://env:1", "https_proxy": "http://env:2"},
    )

    assert machine.proxies(runner) == {
        "http_proxy": "http://apt:3142",
        "https_proxy": "http://env:2",
    }


def test_this_machine_is_described() -> None:
    """The tests run on Linux, and the kind of processor is known."""
    found = machine.look()

    assert found.system == "linux"
    assert found.processor
