"""The address that proxies are published on: what it may be, and how it is written. Pure."""

from __future__ import annotations

import ipaddress

from towpath.core.errors import ConfigurationError

VARIABLE = "TOWPATH_BIND"
HOSTS = "TOWPATH_HOSTS"
LOOPBACK = "127.0.0.1"
BROADCAST = "255.255.255.255"
OWN_HOSTS = ("localhost", LOOPBACK)


def address(text: str, where: str = VARIABLE) -> str:
    """Return the IP address that a text names, the loopback where it is empty.

    `where` names the variable or setting in a message. Raises ConfigurationError for anything else:
    a name, a port, an address of another network.
    """
    wanted = text.strip()
    if not wanted:
        return LOOPBACK
    try:
        found = _written(wanted)
    except ValueError:
        raise _refused(text, where) from None
    if found.is_multicast or "%" in wanted or str(found) == BROADCAST:
        raise _refused(text, where)
    return str(found)


def _written(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Parse an address; only an IPv6 address may be in brackets.

    Raises ValueError for anything else.
    """
    if text.startswith("[") and text.endswith("]"):
        return ipaddress.IPv6Address(text[1:-1])
    return ipaddress.ip_address(text)


def published(bind: str) -> str:
    """Return the address as Compose wants it before a port: IPv6 in brackets."""
    return f"[{bind}]" if ":" in bind else bind


def reached(bind: str) -> str:
    """Return the host by which this machine reaches what listens on the address.

    For an address that means all addresses of a family it is the loopback of that family.
    """
    found = ipaddress.ip_address(bind)
    if not found.is_unspecified:
        return published(bind)
    return LOOPBACK if found.version == 4 else "[::1]"


def hosts(text: str, bind: str) -> str:
    """Return the hosts that the product answers to: those of TOWPATH_HOSTS, and our own.

    Raises ConfigurationError for a pattern that matches every host.
    """
    named = [part.strip() for part in text.split(",") if part.strip()]
    if "*" in named:
        raise ConfigurationError(
            f"{HOSTS} is {text!r}.",
            why="A product that accepts any host name can be made to send users to another "
            "site.",
            next_step=f"List each host, as in {HOSTS}=dash.example.org,dash.internal",
        )
    return ",".join(dict.fromkeys([*(named or OWN_HOSTS), reached(bind)]))


def _refused(text: str, where: str) -> ConfigurationError:
    return ConfigurationError(
        f"{where} is {text!r}, which is not an IP address of a machine.",
        why="The proxy of each environment listens on that address.",
        next_step="Use an address such as 127.0.0.1, ::1, 0.0.0.0 or that of a network interface.",
    )
