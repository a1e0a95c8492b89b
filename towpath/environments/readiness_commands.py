"""The command that asks a web container whether it is ready. Pure: an argv list only."""

from __future__ import annotations

Argv = list[str]

# One request that ignores the proxy settings of the container; the output is the body.
_READY = """\
import http.client, sys
asked = http.client.HTTPConnection("127.0.0.1", 8000, timeout=10)
asked.request("GET", "/health/ready")
answer = asked.getresponse()
sys.stdout.write(answer.read(2000).decode(errors="replace"))
sys.exit(answer.status != 200)
"""


def ready() -> Argv:
    """Request the readiness of this container's web process: exit code 0 if it is ready."""
    return ["python", "-c", _READY]
