"""Read what `docker info` reports about an engine on another machine. Pure."""

from __future__ import annotations

from towpath.core import documents
from towpath.core import references as images
from towpath.core.errors import NothingToJudgeError

# Engines report the architecture as uname does (x86_64) or as images do (amd64).
PLATFORMS = {machine: name for name, machine in images.MACHINES.items()} | {"amd64": "linux/amd64"}


def native(info: str) -> str:
    """Return the platform of an engine's own machine, from `docker info --format json`.

    A machine that the pipeline does not build for is returned under its own name. Raises
    NothingToJudgeError if there is none: the client also writes JSON where no engine answers.
    """
    try:
        document = documents.loads(info)
    except ValueError as error:
        raise NothingToJudgeError(
            "Unexpected output of `docker info`: not valid JSON.", why=str(error)
        ) from error
    if not isinstance(document, dict) or document.get("ServerErrors"):
        raise NothingToJudgeError("The Docker engine did not respond.", why=_errors(document))
    machine = document.get("Architecture")
    if not isinstance(machine, str) or not machine:
        raise NothingToJudgeError(
            "Unexpected output of `docker info`: missing field 'Architecture'."
        )
    return PLATFORMS.get(machine, f"{document.get('OSType') or 'linux'}/{machine}")


def _errors(document: object) -> str:
    rows = document.get("ServerErrors") if isinstance(document, dict) else None
    return "; ".join(map(str, rows)) if isinstance(rows, list) else ""
