"""Reaches an engine on another machine by ssh: its socket, forwarded to one of this machine.

One connection serves all commands of a process. It ends with the process, however that ends.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
import threading
from pathlib import Path

from towpath.config.engine_address import SshAddress
from towpath.core.clock import SYSTEM, Clock
from towpath.core.errors import CommandFailedError
from towpath.core.runner import Background, Running
from towpath.engine import discover, ssh_commands

# Seconds for ssh to connect, and for the engine to answer after that.
PATIENCE, ANSWER = ssh_commands.CONNECTING + 15, 10
_OPEN: dict[SshAddress, tuple[Path, Background]] = {}
_ONE = threading.Lock()


def forwarded(runner: Running, address: SshAddress, back: str = "", clock: Clock = SYSTEM) -> str:
    """Return the endpoint of this machine at which the engine of an address answers.

    `back` is host:port of a registry of this machine that the engine reaches too. A connection that
    was lost is made again. Raises CommandFailedError where ssh cannot connect or no engine answers
    there.
    """
    with _ONE:
        socket, process = _OPEN.get(address, (None, None))
        if process is None or not process.runs:
            # The same socket again: what knows it goes on after a connection that was lost.
            socket = socket or _socket()
            process = _connect(runner, address, socket, back, clock)
            _OPEN[address] = (socket, process)
            atexit.register(process.stop)
    return f"unix://{socket}"


def _socket() -> Path:
    # Not below a long TMPDIR: the path of a socket has at most 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="towpath-", dir="/tmp"))  # nosec B108: mode 0700
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder / "docker.sock"


def _connect(
    runner: Running, address: SshAddress, socket: Path, back: str, clock: Clock
) -> Background:
    process = runner.background(ssh_commands.tunnel(address, str(socket), back))
    if ssh_commands.READY not in process.ask(ssh_commands.READY, PATIENCE):
        raise _refused(address, process.stop())
    endpoint = f"unix://{socket}"
    if not clock.wait_until(lambda: discover.answers(endpoint), ANSWER, 0.2):
        raise CommandFailedError(
            f"No Docker engine answers on {address.destination}.",
            why=_last(process.stop())
            or f"ssh is connected, and {address.socket} there does not answer.",
            next_step="Install Docker there, and let the user use it: "
            "`docker info` has to work in a shell of that user.",
        )
    return process


def _refused(address: SshAddress, said: str) -> CommandFailedError:
    """Return what to do where ssh does not connect, by its own words."""
    where = address.destination
    port = f"-p {address.port} " if address.port else ""
    if "Host key verification failed" in said or "host key is known" in said:
        if "HAS CHANGED" in said:
            step = (
                f"If the machine was made anew: `ssh-keygen -R {address.host}`, then connect once "
                "by hand and compare the key. If it was not, the connection may be intercepted."
            )
        else:
            step = (
                f"`ssh {port}{where}` shows its key and adds it, once you have compared it with the"
                f" one of its owner; without a terminal: ssh-keyscan {port}{address.host} >>"
                " ~/.ssh/known_hosts"
            )
    elif "Permission denied" in said:
        step = (
            "Add your public key to ~/.ssh/authorized_keys of that user, and load the key here: "
            "ssh-add. No password is asked for."
        )
    else:
        step = f"Check that this works: ssh {port}{where} docker info"
    return CommandFailedError(
        f"Cannot connect to {where} by ssh.",
        why=_last(said) or f"It did not answer within {PATIENCE} s.",
        next_step=step,
    )


def _last(said: str) -> str:
    """Return the last line of what ssh said."""
    return said.splitlines()[-1] if said else ""
