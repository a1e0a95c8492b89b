"""`[tool.towpath.processes]`: the commands of the product, each in containers of its own. Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from towpath.config.services import checked_name
from towpath.config.toml_values import checked, strings, typed, wrong
from towpath.core.errors import ConfigurationError

WEB, RELEASE = "web", "release"
PORT = 8000
# Docker's units, as in 512m.
_MEMORY = re.compile(r"[1-9][0-9]*[kmg]")
# What only a shell understands in a command.
_SHELL = re.compile(r"[$`|&;<>*?~\n]")
_KEYS = {"command", "count", "single", "health", "stop", "memory"}
_WEB_KEYS = (_KEYS - {"count", "single"}) | {"port"}


@dataclass(frozen=True)
class Process:
    """One process: its command (empty: that of the image) and how many containers run it.

    Of a `single` one there are never two at the same time: the old one stops before the new one
    starts. `health` is the command of its check, `stop` the seconds that it has to end, `port`
    where the web process listens.
    """

    name: str
    command: tuple[str, ...] = ()
    count: int = 1
    single: bool = False
    health: tuple[str, ...] = ()
    stop: int = 45
    memory: str = "512m"
    port: int = 0


@dataclass(frozen=True)
class Processes:
    """The web process, the others by name, and the commands of a release.

    The commands of a release run once for each deployment, after the migrations.
    """

    web: Process = Process(WEB, port=PORT)
    others: Mapping[str, Process] = None  # type: ignore[assignment]
    release: tuple[tuple[str, ...], ...] = ()

    def __post_init__(self) -> None:
        """Have no other process unless some are named."""
        if self.others is None:
            object.__setattr__(self, "others", {})

    @property
    def all(self) -> tuple[Process, ...]:
        """Every process, the web process first."""
        return (self.web, *self.others.values())


def read_processes(table: Any, where: str) -> Processes:
    """Return the processes; a text is a command, as in a Procfile.

    Raises ConfigurationError for an unknown key, a name that cannot be one, and an empty command.
    """
    if not isinstance(table, Mapping):
        raise wrong(where, "a table", table)
    rows = dict(table)
    release = _release(rows.pop(RELEASE, []), f"{where}.{RELEASE}")
    web = _process(WEB, rows.pop(WEB, {}), f"{where}.{WEB}")
    others = {name: _process(name, row, f"{where}.{name}") for name, row in rows.items()}
    return Processes(web, others, release)


def words(command: str, where: str) -> tuple[str, ...]:
    """Return the words of a command; one that needs a shell is run by one.

    Raises ConfigurationError for a command that is empty or has a quote without its end.
    """
    try:
        found = shlex.split(command)
    except ValueError as error:
        raise wrong(where, f"a command ({error})", command) from None
    if not found:
        raise wrong(where, "a command", command)
    if not _SHELL.search(command) and "=" not in found[0]:
        return tuple(found)
    # `exec`, so that the process gets the signals; several commands need the shell itself.
    simple = not re.search(r"[|&;\n]", command) and "=" not in found[0]
    return ("sh", "-c", f"exec {command}" if simple else command)


def _release(value: Any, where: str) -> tuple[tuple[str, ...], ...]:
    rows = [value] if isinstance(value, str) else strings(value, where, "commands")
    return tuple(words(row, where) for row in rows)


def _process(name: str, row: Any, where: str) -> Process:
    checked_name(name, where)
    row = {"command": row} if isinstance(row, str) else row
    is_web = name == WEB
    values = dict(checked(row, _WEB_KEYS if is_web else _KEYS, where))
    if not is_web and "command" not in values:
        raise ConfigurationError(
            f"{where} in pyproject.toml has no command.",
            next_step=f'For example: {name} = "celery -A shop worker"',
        )
    count, single = _instances(values, where)
    memory = typed(values.get("memory", "512m"), str, f"{where}.memory")
    if not _MEMORY.fullmatch(memory):
        raise wrong(f"{where}.memory", "an amount such as 512m or 2g", memory)
    stop = typed(values.get("stop", 45), int, f"{where}.stop")
    if stop < 1:
        raise wrong(f"{where}.stop", "a number of seconds of at least 1", stop)
    command, health = (_command(values, key, where) for key in ("command", "health"))
    port = _port(values, where) if is_web else 0
    return Process(name, command, count, single, health, stop, memory, port)


def _instances(values: Mapping[str, Any], where: str) -> tuple[int, bool]:
    """Return how many there are, and whether there must never be two."""
    count = typed(values.get("count", 1), int, f"{where}.count")
    single = typed(values.get("single", False), bool, f"{where}.single")
    if count < 1 or (single and count != 1):
        raise wrong(f"{where}.count", "1 or more, and 1 where single is true", count)
    return count, single


def _port(values: Mapping[str, Any], where: str) -> int:
    port = typed(values.get("port", PORT), int, f"{where}.port")
    if not 1 <= port <= 65535:
        raise wrong(f"{where}.port", "a port from 1 to 65535", port)
    return int(port)


def _command(values: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    text = typed(values.get(key, ""), str, f"{where}.{key}")
    return words(text, f"{where}.{key}") if key in values else ()
