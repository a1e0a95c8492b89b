"""Tools that have an environment to themselves: their pins are not ours."""

from __future__ import annotations

import sys

from towpath.checks import tool_env_commands as commands
from towpath.config.workspace import Workspace
from towpath.core import environment as variables
from towpath.core import files
from towpath.core.errors import ConfigurationError

# No interpreter is fetched, and the machine's own certificate authorities are trusted.
UV = {"UV_PYTHON_DOWNLOADS": "never", "UV_SYSTEM_CERTS": "true"}


def environment(workspace: Workspace, tool: str) -> str:
    """Return the directory of the tool's environment, made anew when its pins changed."""
    pins = workspace.config.root / "requirements" / f"{tool}.txt"
    place = workspace.config.tools / tool
    stamp = place / "towpath.stamp"
    if not pins.is_file():
        raise ConfigurationError(
            f"There is no {pins.relative_to(workspace.config.root)}: it pins {tool} and its needs.",
            next_step=f"Copy it from Towpath's own repository, or compile one for {tool}.",
        )
    wanted = f"{sys.version_info[:2]} {files.file_hash(pins)}"
    if not stamp.is_file() or stamp.read_text() != wanted:
        env = variables.of_installers(workspace.config.env) | UV
        workspace.runner.run(commands.environment(sys.executable, str(place)), env=env)
        workspace.runner.run(commands.install(sys.executable, str(place), str(pins)), env=env)
        stamp.write_text(wanted)
    return str(place)
