"""`[tool.towpath.environments]`: where releases run, and what has to answer there. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from towpath.config import binding, names
from towpath.config.engine_address import read_engine
from towpath.config.model import Environment
from towpath.config.pages import read_pages, read_path
from towpath.config.tls import read_tls
from towpath.config.toml_values import checked, section, wrong
from towpath.core.errors import ConfigurationError

# What a Host header may have.
_HOST = re.compile(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?")


def read_environments(table: Any, where: str) -> dict[str, Environment]:
    """Return the environments of a table, by name.

    `where` names the table in a message. Raises `ConfigurationError` for an unknown key, a value
    of another type, and a port that two environments name.
    """
    if not isinstance(table, Mapping):
        raise wrong(where, "a table", table)
    found = {name: _environment(name, row, f"{where}.{name}") for name, row in table.items()}
    taken: dict[int, str] = {}
    for row in found.values():
        for port in _ports(row):
            if port in taken:
                raise ConfigurationError(
                    f"{where}.{row.name}.port is {port}, which {taken[port]} already uses.",
                    next_step="Give each environment a port of its own.",
                )
            taken[port] = row.name
        if row.port > 65535 or not row.replicas or not row.healthy:
            raise wrong(
                f"{where}.{row.name}",
                "a port up to 65535, with replicas and healthy of at least 1",
                row,
            )
    return found


def _ports(row: Environment) -> list[int]:
    """Return the ports of an environment."""
    of_tls = (row.tls.port, row.tls.redirect) if row.tls else ()
    return [port for port in (row.port, *of_tls) if port]


def _environment(name: str, row: Any, where: str) -> Environment:
    names.environment(name, f"{where} in pyproject.toml")
    known = {key.name.replace("_", "-") for key in fields(Environment)} - {"name"}
    values = dict(checked(row, known, where))
    pages: dict[str, Any] = {}
    if "smoke" in values:
        pages["smoke"] = read_pages(values.pop("smoke"), f"{where}.smoke")
    if "health" in values:
        pages["health"] = read_path(values.pop("health"), f"{where}.health")
    if "tls" in values:
        pages["tls"] = read_tls(values.pop("tls"), f"{where}.tls")
    apart = ("name", "smoke", "health", "tls")
    found = section(values, Environment, where, apart) | pages
    if not _HOST.fullmatch(found.get("host", "localhost")):
        raise wrong(f"{where}.host", "a host such as shop.example.com", found["host"])
    for host in found.get("hosts", ()):
        if not _HOST.fullmatch(host):
            raise wrong(f"{where}.hosts", "a list of hosts such as shop.example.com", host)
    read_engine(found.get("engine", ""), f"{where}.engine")
    if found.get("bind"):
        found["bind"] = binding.address(found["bind"], f"{where}.bind")
    return Environment(name, **found)
