"""The certificate of an environment: read, checked, put where the proxy reads it, reloaded."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.state import DirectoryState
from tests.unit.deployment.world import FIRST, World, site_of
from towpath.core.errors import CommandFailedError, ConfigurationError
from towpath.deployment import deploy
from towpath.environments import maintenance, tls
from towpath.environments.environment import Site
from towpath.environments.proxy import Proxy

pytestmark = pytest.mark.door

OPENSSL = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -days 2 -subj /CN=a"
TLS = {"certificate": "one.pem", "key": "one.key"}


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make certificates with their keys, one of them with a password."""
    found = tmp_path_factory.mktemp("pairs")
    for name, words in (("one", "-nodes"), ("two", "-nodes"), ("locked", "-passout pass:xyzw")):
        argv = f"{OPENSSL} {words} -keyout {name}.key -out {name}.pem".split()
        subprocess.run(argv, cwd=found, check=True, capture_output=True)
    return found


@pytest.fixture
def pair(pairs: Path, tmp_path: Path) -> Path:
    """Return a project with these files."""
    for file in pairs.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    return tmp_path


def site(tmp_path: Path, settings: dict[str, Any] | None) -> Site:
    """Return an environment with these settings of TLS."""
    return site_of(World(), tmp_path, **({"tls": settings} if settings else {}))


def test_the_pair_is_put_where_the_proxy_reads_it(pair: Path) -> None:
    """Certificate, then key, without the empty line that would end a command; once."""
    found = site(pair, TLS)

    assert tls.put(found)
    assert not tls.put(found)
    text = (found.state.read(f"proxy/{tls.INSIDE}") or b"").decode()
    assert text.index("BEGIN CERTIFICATE") < text.index("PRIVATE KEY")
    assert "\n\n" not in text and text.endswith("-----\n")


@pytest.mark.parametrize(
    "settings",
    [
        {"certificate": "one.pem", "key": "two.key"},
        {"certificate": "one.pem", "key": "absent.key"},
        {"certificate": "one.key", "key": "one.key"},
        {"certificate": "locked.pem", "key": "locked.key"},
    ],
    ids=["another's key", "no key", "no certificate", "a password"],
)
def test_what_is_no_pair_is_refused(pair: Path, settings: dict[str, str]) -> None:
    """Before the proxy has it, and what was there stays."""
    found = site(pair, settings)
    with pytest.raises(ConfigurationError, match="Cannot use the certificate of staging"):
        tls.put(found)

    assert found.state.read(f"proxy/{tls.INSIDE}") is None


def test_without_tls_there_is_nothing_to_reload(tmp_path: Path) -> None:
    """The setting is named."""
    found = site(tmp_path, None)

    assert not tls.put(found)
    with pytest.raises(ConfigurationError, match="staging has no TLS"):
        tls.reload(found)


def proxy(tmp_path: Path, answers: dict[str, str]) -> tuple[Proxy, list[str]]:
    """Return a proxy that answers so to commands that begin so, and what it was asked."""
    asked: list[str] = []

    def execute(argv: Any) -> tuple[int, str]:
        asked.append(argv[-2])
        said = next((text for start, text in answers.items() if argv[-2].startswith(start)), "\n")
        return 0, f"{said}{argv[-1]}\n"

    return Proxy(execute, DirectoryState(tmp_path)), asked


def test_a_certificate_is_replaced_in_the_memory_of_the_proxy(tmp_path: Path) -> None:
    """The key goes by a file of the container, and a refusal is an error."""
    answers = {"/var/lib": "Transaction created for x!\n", "commit": "Committing x.\nSuccess!\n"}
    found, asked = proxy(tmp_path, answers)
    found.load_certificate(tls.INSIDE)

    assert asked == [
        f"/var/lib/towpath/{tls.INSIDE}",
        f"commit ssl cert /var/lib/towpath/{tls.INSIDE}",
    ]
    for start in answers:
        bad, _ = proxy(tmp_path, {**answers, start: "unable to load\n"})
        with pytest.raises(CommandFailedError, match="HAProxy rejected"):
            bad.load_certificate(tls.INSIDE)


def test_maintenance_is_in_the_proxy_and_in_its_file(tmp_path: Path) -> None:
    """One that starts again reads the file."""
    found, asked = proxy(tmp_path, {"show map": "0x55 on 120\n\n"})
    found.maintain(120)
    file = tmp_path / "proxy" / "maintenance.map"

    assert file.read_text() == "on 120\n"
    name = "/var/lib/towpath/maintenance.map"
    assert asked == [f"clear map {name}", f"add map {name} on 120"]
    assert found.maintained
    found.maintain(0)
    assert file.read_text() == ""
    assert not proxy(tmp_path, {"show map": "\n\n"})[0].maintained


def test_clients_have_to_ask_again_some_time(tmp_path: Path) -> None:
    """Zero would end the maintenance."""
    with pytest.raises(ConfigurationError, match="Clients cannot ask again after 0 s"):
        maintenance.begin(site(tmp_path, None), 0)


@pytest.mark.parametrize(("sticky", "state"), [(True, "maint"), (False, "drain")])
def test_cookies_do_not_hold_a_container_that_drains(
    tmp_path: Path, sticky: bool, state: str
) -> None:
    """HAProxy sends a draining server what has its cookie; not one in maintenance."""
    world = World()
    found = site_of(world, tmp_path, sticky=sticky)
    deploy.carry_out(found, "deploy", FIRST, "1.0")
    world.acts.clear()
    deploy.carry_out(found, "deploy", "sha256:" + "2" * 64, "2.0")

    assert f"web-5 {state}" in world.acts
