"""The door to Debian's security archive."""

from __future__ import annotations

import lzma
from collections.abc import Mapping

import requests

from towpath.clients import http
from towpath.errors import NothingToJudgeError

ARCHIVE = "https://deb.debian.org/debian-security"
TIMEOUT = (5, 30)  # seconds to connect, seconds without a byte


def security_index(env: Mapping[str, str], codename: str, architecture: str) -> str:
    """Return the `Packages` of a suite's security archive.

    `TOWPATH_DEBIAN_SECURITY` in `env` names another mirror. Raises NothingToJudgeError if the
    archive could not be asked.
    """
    mirror = env.get("TOWPATH_DEBIAN_SECURITY", "") or ARCHIVE
    suite = f"{mirror.rstrip('/')}/dists/{codename}-security"
    try:
        with http.session(suite) as door:
            answer = door.get(f"{suite}/main/binary-{architecture}/Packages.xz", timeout=TIMEOUT)
        answer.raise_for_status()
        return lzma.decompress(answer.content).decode("utf-8", "replace")
    except (requests.RequestException, lzma.LZMAError) as error:
        raise NothingToJudgeError(
            f"Debian's security archive for {codename} on {architecture} could not be asked.",
            why=f"{type(error).__name__}: {str(error).rpartition(': ')[2].strip(')>')}",
            next_step="Name a mirror that can be reached in TOWPATH_DEBIAN_SECURITY.",
        ) from error
