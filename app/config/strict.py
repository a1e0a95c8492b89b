"""Stricter checks for staging and production: long secrets, and hosts without wildcards."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from config.env import SettingError

# RFC 1123, "Host Names and Numbers": one label of a name.
_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9_-]{0,61}[a-zA-Z0-9])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_DOMAIN = re.compile(rf"\.{_LABEL}(?:\.{_LABEL})+")


def check_secret(name: str, value: str, *, shortest: int) -> None:
    """Raise SettingError, without the value in it, for a secret that can be guessed.

    `shortest` is in characters.
    """
    allowed = f"at least {shortest} characters, chosen at random"
    if len(value) < shortest:
        raise SettingError(name, f"is too short to be a secret ({len(value)} characters)", allowed)
    if value.startswith("django-insecure-"):
        raise SettingError(name, "is a development key", allowed)


def check_hosts(name: str, hosts: Iterable[str]) -> None:
    """Raise SettingError for a text that is not a host, or that matches every host."""
    for host in hosts:
        if not (_is_host(host) or _DOMAIN.fullmatch(host)):
            raise SettingError(
                name,
                f"{host!r} is not a host",
                "dash.example.org, .example.org with its subdomains, or an address without a port",
            )


def check_origins(name: str, origins: Iterable[str]) -> None:
    """Raise SettingError for a text that is not an origin, or that matches every site."""
    for origin in origins:
        if not _is_origin(origin):
            raise SettingError(
                name,
                f"{origin!r} is not an origin",
                "https://dash.example.org, or https://*.example.org with its subdomains",
            )


def _is_host(text: str) -> bool:
    if text.startswith("[") and text.endswith("]"):
        return _is_address(text[1:-1], ipaddress.IPv6Address)
    if text.replace(".", "").isdigit():
        return _is_address(text, ipaddress.IPv4Address)
    return len(text) <= 253 and bool(_NAME.fullmatch(text))


def _is_address(text: str, kind: type[ipaddress.IPv4Address | ipaddress.IPv6Address]) -> bool:
    try:
        # The unspecified address (0.0.0.0, ::) is not a host that clients ask for.
        return "%" not in text and not kind(text).is_unspecified
    except ValueError:
        return False


def _is_origin(text: str) -> bool:
    try:
        parts = urlsplit(text)
        port, host = parts.port, parts.netloc.rpartition("@")[2]
    except ValueError:
        return False
    if port is not None:
        host = host.removesuffix(f":{port}")
    is_named = _is_host(host) or bool(host[:2] == "*." and _DOMAIN.fullmatch(host[1:]))
    return (
        parts.scheme in ("http", "https")
        and is_named
        and text == f"{parts.scheme}://{parts.netloc}"
    )
