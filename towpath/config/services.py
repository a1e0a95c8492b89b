"""`[tool.towpath.services]` and `[tool.towpath.volumes]`: what the product needs beside itself.

Pure: a table in, frozen values out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from towpath.config.toml_values import checked, strings, typed, wrong
from towpath.core.errors import ConfigurationError
from towpath.core.suggest import nearest

# Names of services and volumes: of containers, and of hosts in their network.
NAME = re.compile(r"[a-z][a-z0-9-]{0,29}")
# Names of databases and roles that need no quotes.
SQL_NAME = re.compile(r"[a-z_][a-z0-9_]{0,50}")
RESERVED = frozenset({"proxy", "migrate", "secret", "release", "environment", "hosts"})
SQLITE, ANY = "sqlite", "image"
POSTGRES, RABBITMQ = "postgres", "rabbitmq"
MYSQL = frozenset({"mysql", "mariadb"})


@dataclass(frozen=True)
class ServiceKind:
    """What is known of a kind of service: its port, the scheme of its URL, its usual image.

    With `has_user` it is opened with a user and a password, with `is_database` data has a name.
    """

    port: int
    scheme: str
    image: str
    has_user: bool = False
    is_database: bool = False


KINDS: Mapping[str, ServiceKind] = {
    POSTGRES: ServiceKind(5432, "postgres", "postgres:17", has_user=True, is_database=True),
    "mysql": ServiceKind(3306, "mysql", "mysql:8.4", has_user=True, is_database=True),
    "mariadb": ServiceKind(3306, "mysql", "mariadb:11.8", has_user=True, is_database=True),
    "redis": ServiceKind(6379, "redis", "redis:8.0"),
    "valkey": ServiceKind(6379, "redis", "valkey/valkey:8.1"),
    "memcached": ServiceKind(11211, "memcached", "memcached:1.6"),
    RABBITMQ: ServiceKind(5672, "amqp", "rabbitmq:4.0", has_user=True),
    SQLITE: ServiceKind(0, "sqlite", "", is_database=True),
}
_KEYS = {"kind", "image", "name", "user", "host", "port", "file", "health", "volume"}


@dataclass(frozen=True)
class Service:
    """One service: its kind, its image, and how it is reached.

    `database` and `user` are names inside it, `file` is where SQLite's database is in the project.
    An outside service has a `host` and no image. For `kind` image, `health` is the command of its
    check and `volume` the directory of its data.
    """

    name: str
    kind: str
    image: str = ""
    database: str = ""
    user: str = ""
    host: str = ""
    port: int = 0
    file: str = ""
    health: tuple[str, ...] = ()
    volume: str = ""
    # Where a program outside of the containers' network reaches it, once it runs.
    reached: str = ""

    @property
    def is_container(self) -> bool:
        """Whether it runs in a container of its own, beside the product's."""
        return bool(self.image) and not self.host

    @property
    def is_database(self) -> bool:
        """Whether the product's tables may be in it."""
        return self.kind in KINDS and KINDS[self.kind].is_database

    @property
    def has_user(self) -> bool:
        """Whether it is opened with a user and a password."""
        return self.kind in KINDS and KINDS[self.kind].has_user

    @property
    def address(self) -> str:
        """The host by which it is reached: inside, the name of the service."""
        return self.reached or self.host or self.name

    @property
    def secrets(self) -> tuple[str, ...]:
        """The names of the secrets of the service, the one that the product uses last."""
        if not self.has_user:
            return ()
        if self.host or self.kind != POSTGRES:
            return (f"{self.name}_password",)
        # The first is the superuser's, which no container of the product gets.
        return (f"{self.name}_password", f"{self.name}_app_password")

    @property
    def role(self) -> str:
        """The user as which the product opens it."""
        return f"{self.user}_app" if self.kind == POSTGRES and not self.host else self.user


def read_services(table: Any, where: str, project: str) -> dict[str, Service]:
    """Return the services by name; `project` gives databases and users their name.

    Raises ConfigurationError for an unknown key or kind, and for a name that cannot be one.
    """
    if not isinstance(table, Mapping):
        raise wrong(where, "a table", table)
    return {name: _service(name, row, f"{where}.{name}", project) for name, row in table.items()}


def read_volumes(table: Any, where: str) -> dict[str, str]:
    """Return the volumes: each a name and a directory of the project, or an absolute one.

    Raises ConfigurationError for an invalid name or path.
    """
    if not isinstance(table, Mapping):
        raise wrong(where, "a table", table)
    for name, path in table.items():
        checked_name(name, f"{where}.{name}")
        text = typed(path, str, f"{where}.{name}")
        parts = text.strip("/").split("/")
        if not text.strip("/") or {"", ".", ".."} & set(parts) or ":" in text:
            raise wrong(f"{where}.{name}", "a directory such as media or /data", text)
    return dict(table)


def checked_name(name: str, where: str) -> str:
    """Return a name that a container or volume may have; else raise ConfigurationError."""
    if name in RESERVED or not NAME.fullmatch(name):
        raise ConfigurationError(
            f"{where} in pyproject.toml has a name that cannot be used: {name[:80]!r}.",
            why="A name has up to 30 lower-case letters, digits and '-', and begins with a letter;"
            f" {', '.join(sorted(RESERVED))} have another meaning.",
        )
    return name


def _service(name: str, row: Any, where: str, project: str) -> Service:
    checked_name(name, where)
    if isinstance(row, str):
        row = {"kind": row} if ":" not in row and row in KINDS else {"image": row}
    values = checked(row, _KEYS, where)
    for key in ("kind", "image", "name", "user", "host", "file", "volume"):
        typed(values.get(key, ""), str, f"{where}.{key}")
    kind = _kind(values, where)
    _require_fitting(values, kind, where)
    defaults = _defaults(kind, _sql_name(project))
    port = typed(values.get("port", defaults["port"]), int, f"{where}.port")
    return Service(
        name=name,
        kind=kind,
        image="" if values.get("host") else values.get("image") or defaults["image"],
        database=_named(values, "name", defaults["name"], where),
        user=_named(values, "user", defaults["user"], where),
        host=values.get("host", ""),
        port=port,
        file=values.get("file", defaults["file"]),
        health=strings(values.get("health", []), f"{where}.health", "words of a command"),
        volume=values.get("volume", ""),
    )


def _defaults(kind: str, own: str) -> dict[str, Any]:
    """Return the values of a kind of services; `own` is the name that databases and users have."""
    known = KINDS.get(kind)
    if known is None:
        return {"port": 0, "image": "", "name": "", "user": "", "file": ""}
    return {
        "port": known.port,
        "image": known.image,
        "name": own if known.is_database else "",
        "user": own if known.has_user else "",
        "file": "db.sqlite3" if kind == SQLITE else "",
    }


def _kind(values: Mapping[str, Any], where: str) -> str:
    """Return the kind that is named, else the one that the name of the image says."""
    if named := values.get("kind"):
        if named not in KINDS:
            raise ConfigurationError(
                f"{where}.kind in pyproject.toml is {named!r}, which is not known."
                f"{nearest(named, KINDS)}",
                why=f"Known are {', '.join(KINDS)}. Any other service has an image and no kind.",
            )
        return str(named)
    image = str(values.get("image", ""))
    last = image.rpartition("/")[2].partition("@")[0].partition(":")[0]
    if not image:
        raise ConfigurationError(
            f"{where} in pyproject.toml has neither a kind nor an image.",
            why=f"Known kinds are {', '.join(KINDS)}.",
            next_step=f'For example: {where.rpartition(".")[2]} = "postgres:17"',
        )
    aliases = {"postgis": POSTGRES, "timescaledb": POSTGRES, "pgvector": POSTGRES}
    return last if last in KINDS else aliases.get(last, ANY)


def _require_fitting(values: Mapping[str, Any], kind: str, where: str) -> None:
    """Raise ConfigurationError for keys that mean nothing to this kind of service."""
    only = {"file": (SQLITE,), "health": (ANY,), "volume": (ANY,)}
    for key, kinds in only.items():
        if key in values and kind not in kinds:
            raise ConfigurationError(
                f"{where}.{key} in pyproject.toml has no meaning for {kind}.",
                next_step="Remove the key.",
            )
    if "host" in values and ("image" in values or kind == SQLITE):
        raise ConfigurationError(
            f"{where} in pyproject.toml has a host, so that it runs elsewhere, and an image.",
            next_step="Keep host for a service that runs already, or image for one of its own.",
        )


def _named(values: Mapping[str, Any], key: str, otherwise: str, where: str) -> str:
    found = str(values.get(key, otherwise))
    if found and not SQL_NAME.fullmatch(found):
        raise wrong(f"{where}.{key}", "a name of lower-case letters, digits and '_'", found)
    return found


def _sql_name(project: str) -> str:
    found = re.sub(r"[^a-z0-9_]", "_", project.lower())
    return found if SQL_NAME.fullmatch(found) else f"app_{found}"[:50]
