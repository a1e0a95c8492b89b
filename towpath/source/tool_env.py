"""Virtual environments for tools whose dependencies would conflict with ours."""

from __future__ import annotations

import sys
from pathlib import Path

from towpath.config.workspace import Workspace
from towpath.core import environment as variables
from towpath.core import files
from towpath.core.errors import ConfigurationError
from towpath.core.pins import find
from towpath.source import tool_env_commands as commands

# uv downloads no interpreter, and trusts the certificate authorities of the machine.
UV = {"UV_PYTHON_DOWNLOADS": "never", "UV_SYSTEM_CERTS": "true"}


def stamp_of(pins: Path) -> str:
    """Return what an environment was made of: our Python and a hash of the pins."""
    return f"{sys.version_info[:2]} {files.file_hash(pins)}"


def environment(workspace: Workspace, tool: str) -> str:
    """Return the directory of the tool's environment, created again when its pins changed.

    Raises ConfigurationError without a file of pins, and CommandFailedError if that fails.
    """
    pins = find(workspace.config.root, tool)
    directory = workspace.config.tools / tool
    stamp = directory / "towpath.stamp"
    if not pins.is_file():
        raise ConfigurationError(
            f"Missing file requirements/{tool}.txt, which pins {tool}.",
            next_step=f"Install Towpath again, or compile one for {tool}.",
        )
    wanted = stamp_of(pins)
    if not stamp.is_file() or stamp.read_text() != wanted:
        env = variables.of_installers(workspace.config.env) | UV
        workspace.runner.run(commands.environment(sys.executable, str(directory)), env=env)
        workspace.runner.run(commands.install(sys.executable, str(directory), str(pins)), env=env)
        stamp.write_text(wanted)
    return str(directory)
