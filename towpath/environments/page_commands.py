"""The command with which the proxy's container asks pages of a web container. Pure.

The proxy has `bash`, and it reaches the web containers as requests will: what answers there answers
people too. Nothing has to be in the product's image for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Argv = list[str]
# Bytes of an answer that are read, and seconds that all of them may take.
LONGEST = 262_144
PATIENCE = 10
# Ends each answer, with the exit code of the request: an engine under load can lose the end of the
# output of a command, and what is cut off is no answer.
END_MARK = "towpath: end of answer"
_SCRIPT = f"""\
host=$1 port=$2 mark=$3
shift 3
for request; do
    (exec 3<>"/dev/tcp/$host/$port" && printf %s "$request" >&3 && head --bytes={LONGEST} <&3) 2>&1
    printf '\\n%s %s\\n' "$mark" "$?"
done
"""


@dataclass(frozen=True)
class PageRequest:
    """A request for a page of a release, with the scheme and the cookies of a person's browser."""

    path: str
    scheme: str = "http"
    cookies: tuple[tuple[str, str], ...] = ()

    def sends(self) -> str:
        """Return the value of the header Cookie, an empty string without one."""
        return "; ".join(f"{name}={value}" for name, value in self.cookies)


def ask(requests: Sequence[PageRequest], address: str, port: int, host: str) -> Argv:
    """Request pages of a container at an address, one after the other, with one command.

    `host` is what a user would use.
    """
    argv = ["timeout", str(PATIENCE), "bash", "-c", _SCRIPT, "towpath", address, str(port)]
    return [*argv, END_MARK, *(_text(row, host) for row in requests)]


def _text(request: PageRequest, host: str) -> str:
    # HTTP/1.0: the answer ends with the connection, and no part of it is counted.
    lines = (
        f"GET {request.path} HTTP/1.0",
        f"Host: {host}",
        f"X-Forwarded-Host: {host}",
        f"X-Forwarded-Proto: {request.scheme}",
        *([f"Cookie: {request.sends()}"] if request.cookies else []),
        "User-Agent: towpath",
        "Connection: close",
    )
    return "".join(f"{line}\r\n" for line in (*lines, ""))
