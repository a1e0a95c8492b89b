"""The command with which the proxy's container asks a page of a web container. Pure.

The proxy has `bash`, and it reaches the web containers as requests will: what answers there answers
people too. Nothing has to be in the product's image for it.
"""

from __future__ import annotations

from towpath.config.pages import Page

Argv = list[str]
# Bytes of an answer that are read, and seconds that it may take.
LONGEST = 262_144
PATIENCE = 10
# An engine under load can lose the end of the output of a command: this line marks it.
END_MARK = "towpath: end of answer"
_SCRIPT = (
    'exec 3<>"/dev/tcp/$1/$2" && printf %s "$3" >&3'
    f" && head --bytes={LONGEST} <&3 && printf '\\n%s\\n' \"$4\""
)


def ask(page: Page, address: str, port: int, host: str, scheme: str) -> Argv:
    """Request a page of a container at an address; `host` and `scheme` are what a user would use."""
    # HTTP/1.0: the answer ends with the connection, and no part of it is counted.
    lines = (
        f"GET {page.path} HTTP/1.0",
        f"Host: {host}",
        f"X-Forwarded-Host: {host}",
        f"X-Forwarded-Proto: {scheme}",
        "User-Agent: towpath",
        "Connection: close",
    )
    request = "".join(f"{line}\r\n" for line in (*lines, ""))
    argv = ["timeout", str(PATIENCE), "bash", "-c", _SCRIPT, "towpath"]
    return [*argv, address, str(port), request, END_MARK]
