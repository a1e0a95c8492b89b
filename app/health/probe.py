"""The container's own HEALTHCHECK: `python -m health.probe [web|worker]`, standard library only.

Exit code 0 means healthy, 1 unhealthy, 2 a wrong argument; the reason goes to standard error.
"""

from __future__ import annotations

import http.client
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

PORT = 8000
TIMEOUT = 3.0
BEAT = Path(tempfile.gettempdir()) / "dashboard-worker.beat"
"""The file that a worker touches every few seconds while it is connected to the broker."""
BEAT_LIMIT = 30.0


def web(port: int = PORT, timeout: float = TIMEOUT) -> str:
    """Check the web process of this container; return the problem, or an empty string.

    `timeout` is in seconds.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", "/health/live")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return f"/health/live does not answer: {error!r}"
    finally:
        connection.close()
    return "" if status == 200 else f"/health/live answers {status}"


def worker(beat: Path = BEAT, limit: float = BEAT_LIMIT) -> str:
    """Check the age of the worker's heartbeat; return the problem, or an empty string.

    `limit` is in seconds.
    """
    try:
        age = time.time() - beat.stat().st_mtime
    except FileNotFoundError:
        return "the worker has not started"
    return "" if age <= limit else f"the worker's last heartbeat is {age:.0f} s old"


PROBES: dict[str, Callable[[], str]] = {"web": web, "worker": worker}


def main(argv: Sequence[str]) -> int:
    """Run the named probe, or web without a name, and return the exit code."""
    name = argv[0] if argv else "web"
    if len(argv) > 1 or name not in PROBES:
        sys.stderr.write(f"usage: python -m health.probe [{'|'.join(PROBES)}]\n")
        return 2
    problem = PROBES[name]()
    if problem:
        sys.stderr.write(f"{problem}\n")
    return 1 if problem else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
