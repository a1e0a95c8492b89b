"""What Docker Compose said of its files: nothing for a good one, the reason for a bad one."""

from __future__ import annotations

import re

from towpath.readers.findings import Finding, Ran, unread

_VERSION = re.compile(r"^(?:Docker Compose version )?v?(\d+\.\d+\.\S+)$", re.MULTILINE)
# A variable that has to be set: `${NAME:?why}` or `${NAME?why}`; `$${NAME` is no variable.
_REQUIRED = re.compile(r"(?<!\$)\$\{(\w+):?\?")


def version(ran: Ran) -> str:
    """Return the version that `docker compose version` said, empty if it is not Compose."""
    match = _VERSION.search(ran.stdout) if ran.code == 0 else None
    return match[1] if match else ""


def required(text: str) -> list[str]:
    """Return the names of the variables that a Compose file cannot do without, sorted."""
    return sorted(set(_REQUIRED.findall(text)))


def config(ran: Ran, file: str) -> list[Finding]:
    """Return what `docker compose config --format=json` has against the file.

    Raises NothingToJudgeError if it ended without the whole configuration and without a reason.
    """
    if ran.code == 0 and '"services"' in ran.stdout:
        return []
    words = ran.stderr.strip().splitlines()
    if ran.code <= 0 or not words:
        raise unread("compose", f"{file}: it ended with exit code {ran.code} and said nothing.")
    return [Finding(file, 0, "COMPOSE", words[-1])]
