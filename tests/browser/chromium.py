"""Where Chromium is, and how it is started: nothing is fetched, and nothing of a user is read."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from towpath.config.workspace import Workspace
from towpath.core.errors import CommandFailedError, ConfigurationError

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
OPTIONS = (
    *("--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
)
# Letters for the pages come from here where a machine has none at all.
PACKAGES = ("chromium", "fonts-dejavu-core")
# Seconds to install it.
PATIENCE = 600


def options() -> list[str]:
    """Return the options of Chromium; as root it has no sandbox of its own."""
    return [*OPTIONS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]


def find() -> str:
    """Return the path of Chromium on this machine; empty if it has none."""
    return next(filter(None, map(shutil.which, NAMES)), "") or ""


def ensure(workspace: Workspace) -> str:
    """Return the path of Chromium; as root on Debian it is installed if it is missing.

    Raises ConfigurationError where it cannot be, and CommandFailedError if that fails.
    """
    if found := find():
        return found
    if os.geteuid() or not Path("/etc/debian_version").is_file():
        raise ConfigurationError(
            "Chromium is not installed.",
            why=f"None of {', '.join(NAMES)} is in PATH.",
            next_step="Install it (Debian, Ubuntu: apt-get install chromium), and run this again.",
        )
    apt = ("apt-get", "-q", "-o", "DPkg::Lock::Timeout=300")
    env = {"DEBIAN_FRONTEND": "noninteractive"}
    log = workspace.config.reports / "logs" / "apt-chromium.log"
    with workspace.terminal.step(f"Install {', '.join(PACKAGES)}"):
        workspace.runner.run([*apt, "update"], env=env, timeout=PATIENCE, log=log)
        install = [*apt, "install", "-y", "--no-install-recommends", *PACKAGES]
        workspace.runner.run(install, env=env, timeout=PATIENCE, log=log)
    if found := find():
        return found
    # Ubuntu's package chromium is one that installs a snap.
    raise CommandFailedError(
        "Chromium was installed, and is not in PATH.",
        why=f"None of {', '.join(NAMES)} is in PATH.",
        next_step="Install Chromium or Google Chrome in another way, and run this again.",
    )
