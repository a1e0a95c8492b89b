"""Download one file of a Debian archive, with a size limit, and note whether https was used."""

from __future__ import annotations

from dataclasses import dataclass

import requests

from towpath.core import http
from towpath.core.errors import NothingToJudgeError

TIMEOUT = (3, 30)  # seconds to connect, seconds without a byte
CHUNK = 1 << 16  # bytes


@dataclass(frozen=True)
class Fetched:
    """The bytes of a file; `secure` if every hop on the way to them was https."""

    content: bytes
    secure: bool


def fetch(address: str, limit: int) -> Fetched:
    """Return a file of at most `limit` bytes; raises NothingToJudgeError if there is none."""
    content = bytearray()
    try:
        with (
            http.open_session(address) as door,
            door.get(address, timeout=TIMEOUT, stream=True) as answer,
        ):
            answer.raise_for_status()
            for part in answer.iter_content(CHUNK):
                content += part
                if len(content) > limit:
                    raise NothingToJudgeError(f"{address} is larger than {limit} bytes.")
            hops = [*answer.history, answer]
    except (requests.RequestException, ValueError) as error:
        raise NothingToJudgeError(
            f"Cannot download {address}.",
            why=f"{type(error).__name__}: {str(error).rpartition(': ')[2].strip(')>')}",
        ) from error
    secure = all((row.url or "").startswith("https://") for row in hops)
    return Fetched(bytes(content), secure)
