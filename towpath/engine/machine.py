"""What the engine needs of the machine: Debian or Ubuntu, root, and mmdebstrap."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from towpath.core.errors import CommandFailedError, EngineAbsentError
from towpath.core.runner import Running
from towpath.engine.apt_sources import mirrors

APT = Path("/etc/apt")
AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
RELEASE = Path("/etc/os-release")
TOOLS = ("mmdebstrap", "debian-archive-keyring", "ca-certificates")
QUIET = {"DEBIAN_FRONTEND": "noninteractive"}


@dataclass(frozen=True)
class Machine:
    """What there is: system (`linux`), distribution ids, user id, kind of processor."""

    system: str
    distributions: frozenset[str]
    user: int
    processor: str


def look() -> Machine:
    """Return this machine."""
    text = RELEASE.read_text() if RELEASE.is_file() else ""
    ids = distributions(text)
    return Machine(platform.system().lower(), ids, os.geteuid(), platform.machine())


def distributions(release: str) -> frozenset[str]:
    """Return the ids in the text of os-release: of the distribution and of what it is like."""
    fields = dict(line.split("=", 1) for line in release.splitlines() if "=" in line)
    values = (fields.get(name, "").strip("\"'") for name in ("ID", "ID_LIKE"))
    return frozenset(" ".join(values).split())


def require(machine: Machine) -> None:
    """Raise EngineAbsentError, with the one thing to do, where no engine can be brought up."""
    why = "No Docker engine answers, and the embedded one needs Debian or Ubuntu, and root."
    if machine.system != "linux":
        raise EngineAbsentError(
            f"There is no Docker engine on this {machine.system} machine.",
            why=why,
            next_step="Install and start Docker Desktop (https://docs.docker.com/get-docker/).",
        )
    if not machine.distributions & {"debian", "ubuntu"}:
        raise EngineAbsentError(
            "There is no Docker engine on this machine.",
            why=why,
            next_step="Install Docker: curl -fsSL https://get.docker.com | sh",
        )
    if machine.user != 0:
        raise EngineAbsentError(
            "There is no Docker engine, and the embedded one cannot be started without root.",
            why=why,
            next_step="Start it once as root: sudo ./dev invoke engine.up",
        )


def install_tools(runner: Running) -> None:
    """Install mmdebstrap where it is missing; fetches package lists only when the old ones fail."""
    if shutil.which("mmdebstrap", path=runner.env.get("PATH")) and AUTHORITIES.is_file():
        return
    install = ["apt-get", "install", "--quiet=2", "--yes", "--no-install-recommends", *TOOLS]
    try:
        runner.run(install, env=QUIET)
    except CommandFailedError:
        runner.run(["apt-get", "update", "--quiet=2"], env=QUIET)
        runner.run(install, env=QUIET)


def host_mirrors(machine: Machine, apt: Path = APT) -> list[str]:
    """Return the lines of the host's Debian mirrors; empty for Debian's own."""
    if "ubuntu" in machine.distributions:
        return []
    paths = [apt / "sources.list", *sorted((apt / "sources.list.d").glob("*"))]
    return mirrors(path.read_text(errors="replace") for path in paths if path.is_file())


def proxies(runner: Running) -> Mapping[str, str]:
    """Return the proxies of APT or of the environment, as http_proxy and https_proxy."""
    found: dict[str, str] = {}
    for scheme in ("http", "https"):
        name = f"{scheme}_proxy"
        asked = runner.run(["apt-config", "shell", "proxy", f"Acquire::{scheme}::Proxy"]).stdout
        value = asked.strip().removeprefix("proxy=").strip("'") or runner.env.get(name, "")
        found |= {name: value} if value else {}
    return found
