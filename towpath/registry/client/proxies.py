"""Which proxy a request goes through, by the variables that name one. Pure.

They are read from the environment that a command was started with, and not by a library, which
would read `~/.netrc` with them. Source: curl, "Environment variables"; Go, `httpproxy`.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping

from towpath.core.references import is_loopback
from towpath.registry.client.urls import Origin


def proxy(env: Mapping[str, str], to: Origin) -> str:
    """Return the proxy for a request, or nothing: this machine is always asked directly."""
    if is_loopback(to.host) or any(_spares(row, to) for row in _get(env, "no_proxy").split(",")):
        return ""
    found = _get(env, f"{to.scheme}_proxy") or _get(env, "all_proxy")
    return found if "://" in found or not found else f"http://{found}"


def _get(env: Mapping[str, str], name: str) -> str:
    return (env.get(name) or env.get(name.upper()) or "").strip()


def _entry(row: str) -> tuple[str, str]:
    """Return host and port of an entry; a host without brackets, a port empty if there is none."""
    host, port = row, ""
    if row.count(":") == 1 or "]:" in row:
        host, _, port = row.rpartition(":")
    return host.removeprefix("[").removesuffix("]"), port


def _spares(row: str, to: Origin) -> bool:
    """Tell whether an entry of `no_proxy` names a host: it, a domain above it, or a network."""
    row = row.strip().lower()
    if row == "*":
        return True
    host, port = _entry(row)
    if not host or (port and port != str(to.port)):
        return False
    try:
        return ipaddress.ip_address(to.host) in ipaddress.ip_network(host, strict=False)
    except ValueError:
        name = host.removeprefix("*").removeprefix(".")
        return bool(name) and (to.host == name or to.host.endswith(f".{name}"))
