"""Where the source lives, as it may be shown: without users, passwords and tokens. Pure."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit, urlunsplit

_SCHEMES = ("http", "https", "ssh", "git", "git+ssh", "ssh+git")
# As git-clone(1) says: a host, a colon and a path; the host has more than one letter, unlike a
# drive of Windows.
_SHORT = re.compile(r"(?:[^/@:\s]+@)?([A-Za-z0-9][A-Za-z0-9.-]+):(?!//)/?(\S+)")


def shown(address: str) -> str:
    """Return the address of a remote without its secrets; empty if it is no address of a host.

    The short form of ssh, `git@host:team/shop.git`, becomes `ssh://host/team/shop.git`, and so
    does `ssh://git@host:team/shop.git`, whose port is the first part of the path.
    """
    address = address.strip()
    if not address.isprintable():
        return ""
    if "://" not in address:
        short = _SHORT.fullmatch(address)
        return _without_users(f"ssh://{short[1]}/{short[2]}") if short else ""
    return _without_users(address)


def _without_users(address: str) -> str:
    try:
        parts = urlsplit(address)
        name = parts.hostname
    except ValueError:
        return ""
    # An at sign in the path is most likely a password that holds a slash.
    if parts.scheme not in _SCHEMES or not name or "@" in parts.path:
        return ""
    host = f"[{name}]" if ":" in name else name
    port, path = _port(parts)
    return urlunsplit((parts.scheme, f"{host}{port}", path, "", ""))


def _port(parts: SplitResult) -> tuple[str, str]:
    """Return the port with its colon, and the path, to which a port that is no number belongs."""
    try:
        return (f":{parts.port}" if parts.port else ""), parts.path
    except ValueError:
        first = parts.netloc.rpartition("@")[2].partition(":")[2]
        return "", f"/{first}{parts.path}"
