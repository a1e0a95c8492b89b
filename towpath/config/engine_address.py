"""The engine of an environment: this machine's, or one by ssh, TCP, a socket or a context. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from towpath.core.environment import variable
from towpath.core.errors import ConfigurationError

VARIABLE = "TOWPATH_ENGINE_"
SOCKET = "/var/run/docker.sock"
# A name that begins with `-` would be an option of ssh.
_USER, _HOST = r"[A-Za-z0-9_][A-Za-z0-9._-]*", r"[A-Za-z0-9][A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\]"
_SSH = re.compile(
    rf"ssh://(?:(?P<user>{_USER})@)?(?P<host>{_HOST})(?::(?P<port>[0-9]{{1,5}}))?"
    r"(?P<socket>/[A-Za-z0-9._/-]+)?/?"
)
_TCP = re.compile(rf"tcp://(?:{_HOST}):[0-9]{{1,5}}")
_UNIX = re.compile(r"unix:///[^\s:]+")
_CONTEXT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]*")


@dataclass(frozen=True)
class SshAddress:
    """Where ssh goes: `host` may be a name of the user's own configuration; no port is its."""

    host: str
    user: str = ""
    port: str = ""
    socket: str = SOCKET

    @property
    def destination(self) -> str:
        """The destination as ssh takes it."""
        host = self.host.strip("[]")
        return f"{self.user}@{host}" if self.user else host


def read_engine(value: str, where: str) -> str:
    """Return an address of an engine, or the name of a context, that can be used.

    `where` names the setting in a message. Raises ConfigurationError for anything else.
    """
    if not value or any(form.fullmatch(value) for form in (_SSH, _TCP, _UNIX, _CONTEXT)):
        return value
    raise ConfigurationError(
        f"{where} is {value!r}, which is not the address of an engine.",
        why="A password has no place in it, and the name of a host has letters, digits, dots, "
        "hyphens and underscores.",
        next_step="Use ssh://deploy@host, ssh://host:2222/run/user/1000/docker.sock, "
        "tcp://host:2376, unix:///path or the name of a context of Docker.",
    )


def chosen(env: Mapping[str, str], environment: str, setting: str) -> str:
    """Return the engine of an environment: that of its variable, else that of its setting.

    The variable is TOWPATH_ENGINE_PRODUCTION for `production`. Raises ConfigurationError for an
    invalid one.
    """
    name = VARIABLE + environment.upper().replace("-", "_")
    return read_engine(variable(env, name), name) or setting


def read_ssh(engine: str) -> SshAddress | None:
    """Return the parts of an address of ssh; None for any other engine."""
    found = _SSH.fullmatch(engine)
    if not found:
        return None
    return SshAddress(
        found["host"], found["user"] or "", found["port"] or "", found["socket"] or SOCKET
    )
