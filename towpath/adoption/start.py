"""Starting the project's Django in a process without network, to confirm what its code says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from towpath.adoption.facts import REQUIRED, SECRET, SECRET_KEY, Detection
from towpath.core import tool_home
from towpath.core.errors import CommandFailedError
from towpath.core.runner import Runner

# Seconds; settings that take longer wait for something that is not there.
PATIENCE = 60
_LAST_LINES = 3
_PROGRAM = """
import json, socket, sys
def refuse(*a, **k):
    raise OSError("no network while settings are checked")
socket.socket.connect = socket.socket.connect_ex = refuse
import django
from django.conf import settings
django.setup()
print("\\n" + json.dumps({
    "django": django.get_version(),
    "python": "%d.%d" % sys.version_info[:2],
    "databases": sorted({row.get("ENGINE", "") for row in settings.DATABASES.values()}),
    "caches": sorted({row.get("BACKEND", "") for row in settings.CACHES.values()}),
    "debug": bool(settings.DEBUG),
    "apps": len(settings.INSTALLED_APPS),
}))
"""


@dataclass(frozen=True)
class Started:
    """What Django said of itself, or the sentence why it could not be started."""

    values: Mapping[str, Any]
    problem: str = ""


def find_interpreter(root: Path, env: Mapping[str, str], chosen: str) -> str:
    """Return the Python that has the project's dependencies, an empty string if none is known."""
    if chosen:
        return chosen
    for folder in (root / ".venv", root / "venv", Path(env.get("VIRTUAL_ENV") or "/nonexistent")):
        if (folder / "bin/python").is_file():
            return str(folder / "bin/python")
    return ""


def start(runner: Runner, root: Path, found: Detection, python: str) -> Started:
    """Start Django with production's settings and made-up secrets; nothing it does reaches out."""
    if not python:
        return Started(
            {}, "No environment of the project was found; name its Python: --python=PATH."
        )
    rows = found.all("variable")
    # A valid value for most readers of variables: a text, and long enough for a key.
    made_up = {row.value: "x" * 64 for row in rows if row.why in (SECRET, SECRET_KEY, REQUIRED)}
    folder = root / Path(found.value("manage")).parent
    env = made_up | {
        "DJANGO_SETTINGS_MODULE": found.value("settings"),
        "PYTHONPATH": f"{folder}:{root}",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    argv = [*_without_network(runner), python, "-c", _PROGRAM]
    try:
        with tool_home.home() as home:
            ended = runner.run(argv, env={**home, **env}, check=False, timeout=PATIENCE)
    except CommandFailedError as error:
        return Started({}, f"Django did not start: {error.what}")
    if not ended.ok:
        last = (
            " / ".join(ended.stderr.strip().splitlines()[-_LAST_LINES:])
            or f"exit code {ended.code}"
        )
        return Started({}, f"Django did not start with {found.value('settings')}: {last}")
    try:
        return Started(dict(json.loads(ended.stdout.strip().splitlines()[-1])))
    except (ValueError, IndexError, TypeError):
        return Started({}, "Django started, but its settings could not be read from the output.")


def _without_network(runner: Runner) -> list[str]:
    """Return the command that starts a process without network, where the kernel allows it."""
    argv = ["unshare", "--map-root-user", "--net"]
    try:
        return argv if runner.run([*argv, "true"], check=False).ok else []
    except CommandFailedError:
        return []
