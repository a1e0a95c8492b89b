"""Readers of the output of Docker Compose. Pure."""

from __future__ import annotations

import re

from towpath.core import documents
from towpath.core.errors import CommandFailedError
from towpath.core.findings import Finding, ToolResult, unread

_VERSION = re.compile(r"^(?:Docker Compose version )?v?(\d+\.\d+\.\S+)$", re.MULTILINE)
# A variable that has to be set: `${NAME:?why}` or `${NAME?why}`; `$${NAME` is no variable.
_REQUIRED = re.compile(r"(?<!\$)\$\{(\w+):?\?")

# The same in front of a path: `${NAME:?why}/file` or `${NAME:?why}:/target`.
_REQUIRED_PATH = re.compile(r"(?<!\$)\$\{(\w+):?\?[^}]*\}:?/")


def version(ran: ToolResult) -> str:
    """Return the version from `docker compose version`; empty if it is not Compose."""
    match = _VERSION.search(ran.stdout) if ran.code == 0 else None
    return match[1] if match else ""


def required(text: str) -> dict[str, str]:
    """Return a value for each variable that a Compose file cannot do without, sorted by name.

    It is a path where the file mounts what is there, else a number, which is also a word.
    """
    paths = set(_REQUIRED_PATH.findall(text))
    names = sorted(set(_REQUIRED.findall(text)))
    return {name: "/1" if name in paths else "1" for name in names}


def images(text: str) -> dict[str, str]:
    """Return the image that each service names, from the configuration as JSON.

    A service that is built from the files of the project names none. Raises CommandFailedError for
    an invalid configuration.
    """
    try:
        services = documents.loads(text)["services"]
        found = {name: row["image"] for name, row in services.items() if "build" not in row}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CommandFailedError(
            "Docker Compose's configuration does not name the images of the services as "
            "expected.",
            why=documents.reason(error),
        ) from error
    if not all(isinstance(image, str) for image in found.values()):
        raise CommandFailedError(
            "Docker Compose's configuration has an image that is not a string."
        )
    return found


def variables(text: str, service: str) -> frozenset[str]:
    """Return the names of a service's variables, from the configuration as JSON.

    Raises CommandFailedError for a configuration without this service.
    """
    try:
        return frozenset(documents.loads(text)["services"][service].get("environment") or {})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CommandFailedError(
            f"Docker Compose's configuration has no service {service}.",
            why=documents.reason(error),
        ) from error


def config(ran: ToolResult, file: str) -> list[Finding]:
    """Return what `docker compose config --format=json` reports about the file.

    Raises NothingToJudgeError if it printed neither the configuration nor a reason.
    """
    if ran.code == 0 and '"services"' in ran.stdout:
        return []
    words = ran.stderr.strip().splitlines()
    if ran.code <= 0 or not words:
        raise unread("compose", f"{file}: it exited with code {ran.code} and printed nothing.")
    return [Finding(file, 0, "COMPOSE", words[-1])]
