"""Where a URL leads: read strictly, compared by its origin, and shown without secrets. Pure.

Two programs may read one odd URL in two ways: what is odd is refused here, before anybody reads it.
Source: RFC 3986; RFC 6454, "Comparing Origins".
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import SplitResult, urljoin, urlsplit

from towpath.core.errors import RegistryRefusedError
from towpath.core.references import is_loopback

LONGEST = 16384
_ODD = re.compile(r"[^\x21-\x7e]|[\\\"<>^`{|}#]")
_PORTS = {"http": 80, "https": 443}


class Origin(NamedTuple):
    """Who answers for a URL: credentials of one are for no other."""

    scheme: str
    host: str
    port: int

    @property
    def is_near(self) -> bool:
        """Whether it is plain HTTP to this machine."""
        return self.scheme == "http" and is_loopback(self.host)


def origin(url: str) -> Origin:
    """Return who answers for a URL; raises RegistryRefusedError for one that is odd.

    Odd are other schemes than http and https, a user or a password, a fragment, a port that is
    none, and letters that belong in no URL.
    """
    if len(url) > LONGEST or _ODD.search(url):
        raise _refused(url, "It is too long, or has characters that are not allowed in a URL.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _refused(url, "It is not a valid URL.") from error
    if parts.scheme not in _PORTS or not parts.hostname:
        raise _refused(url, "Its scheme is not http or https, or it has no host.")
    if "@" in parts.netloc:
        raise _refused(url, "It contains a user name or password.")
    if port == 0:
        raise _refused(url, "Its port is 0.")
    return Origin(parts.scheme, parts.hostname, port or _PORTS[parts.scheme])


def following(base: str, place: str) -> str:
    """Return where a header of an answer from `base` leads, without a fragment.

    Raises RegistryRefusedError for what is odd.
    """
    try:
        url = urljoin(base, place.strip()).partition("#")[0]
    except ValueError as error:
        raise _refused(place, "It is not a valid URL.") from error
    origin(url)
    return url


def shown(url: str) -> str:
    """Return a URL as an error may show it: no user, password or query, which may be a key."""
    try:
        parts: SplitResult = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        text = f"{parts.scheme}://{host}{parts.path}" if parts.scheme else f"{host}{parts.path}"
    except ValueError:
        text = "(not a URL)"
    return "".join(letter if letter.isprintable() else "?" for letter in text)[:200]


def _refused(url: str, why: str) -> RegistryRefusedError:
    shown_url = shown(url) or "(empty)"
    return RegistryRefusedError(f"A registry sent an invalid address: {shown_url}.", why=why)
