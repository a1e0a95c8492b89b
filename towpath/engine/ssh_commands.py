"""The connection by ssh to an engine on another machine. Pure: argv lists only.

The system's own ssh is asked, so that its configuration, agent and known hosts count.
"""

from __future__ import annotations

from towpath.config.engine_address import SshAddress

Argv = list[str]
# Seconds for the connection; seconds without an answer after which it is lost, in so many parts.
CONNECTING, INTERVAL, TIMES = 15, 15, 6
READY = "towpath: connected"
# Answers on standard output, and ends when the caller does, whose end closes standard input.
_WAITING = "exec cat"


def tunnel(address: SshAddress, socket: str, back: str = "") -> Argv:
    """Forward a socket of this machine to that of the engine, until standard input ends.

    `back` is host:port of a registry that listens on this machine only; the engine reaches it at
    the same address of its own. Nothing is asked of a person: no password, no unknown host key.
    """
    options = (
        "BatchMode=yes",
        "ExitOnForwardFailure=no",
        "StreamLocalBindUnlink=yes",
        f"ConnectTimeout={CONNECTING}",
        f"ServerAliveInterval={INTERVAL}",
        f"ServerAliveCountMax={TIMES}",
    )
    argv = ["ssh", "-T", *(word for option in options for word in ("-o", option))]
    argv += ["-L", f"{socket}:{address.socket}"]
    argv += ["-R", f"{back}:{back}"] if back else []
    argv += ["-p", address.port] if address.port else []
    return [*argv, "--", address.destination, _WAITING]
