"""What an engine on another machine says of itself. Pure."""

from __future__ import annotations

from towpath.core import documents
from towpath.core import references as images
from towpath.core.errors import NothingToJudgeError

# An engine calls its machine as uname does; one on another system, as images do.
PLATFORMS = {machine: name for name, machine in images.MACHINES.items()} | {"amd64": "linux/amd64"}


def native(info: str) -> str:
    """Return the platform of an engine's own machine, from `docker info --format json`.

    Another machine than those that the pipeline builds for is named as it names itself. An answer
    that names none raises NothingToJudgeError: the client writes one where no engine answers, too.
    """
    try:
        document = documents.loads(info)
    except ValueError as error:
        raise NothingToJudgeError("The engine's answer is not JSON.", why=str(error)) from error
    if not isinstance(document, dict) or document.get("ServerErrors"):
        raise NothingToJudgeError("The engine did not answer.", why=_errors(document))
    machine = document.get("Architecture")
    if not isinstance(machine, str) or not machine:
        raise NothingToJudgeError("The engine's answer names no architecture.")
    return PLATFORMS.get(machine, f"{document.get('OSType') or 'linux'}/{machine}")


def _errors(document: object) -> str:
    rows = document.get("ServerErrors") if isinstance(document, dict) else None
    return "; ".join(map(str, rows)) if isinstance(rows, list) else ""
