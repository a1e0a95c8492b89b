"""Tools that have an environment to themselves: their pins are not ours."""

from __future__ import annotations

import sys

from towpath.checks.security import audits_commands as audits
from towpath.config.workspace import Session
from towpath.core import environment as variables
from towpath.core import files
from towpath.core.errors import ConfigurationError

# No interpreter is fetched, and the machine's own certificate authorities are trusted.
UV = {"UV_PYTHON_DOWNLOADS": "never", "UV_SYSTEM_CERTS": "true"}


def environment(session: Session, tool: str) -> str:
    """Return the directory of the tool's environment, made anew when its pins changed."""
    pins = session.config.root / "requirements" / f"{tool}.txt"
    place = session.config.tools / tool
    stamp = place / "towpath.stamp"
    if not pins.is_file():
        raise ConfigurationError(
            f"There is no {pins.relative_to(session.config.root)}: it pins {tool} and its needs.",
            next_step=f"Copy it from Towpath's own repository, or compile one for {tool}.",
        )
    wanted = f"{sys.version_info[:2]} {files.file_hash(pins)}"
    if not stamp.is_file() or stamp.read_text() != wanted:
        env = variables.of_installers(session.config.env) | UV
        session.runner.run(audits.environment(sys.executable, str(place)), env=env)
        session.runner.run(audits.install(sys.executable, str(place), str(pins)), env=env)
        stamp.write_text(wanted)
    return str(place)
