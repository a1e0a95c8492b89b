"""What the headers of a page say of where to go next, and with what. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

# Those that a browser follows with a GET of another page.
REDIRECTS = frozenset({301, 302, 303, 307, 308})
# A cookie that has a value: its name and value, in the letters of RFC 6265.
_COOKIE = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+)=([!#-+\--:<-\[\]-~]+)\s*(?:;|$)")


def target(status: int, headers: Iterable[tuple[str, str]]) -> str:
    """Return where an answer with these headers (names in small letters) redirects to, if it does.

    Only what a browser follows by itself is a redirect.
    """
    found = next((value for name, value in headers if name == "location"), "")
    return found if status in REDIRECTS else ""


def cookies_of(headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return the cookies that an answer with these headers sets, without those it takes away."""
    rows = (_COOKIE.match(value) for name, value in headers if name == "set-cookie")
    return tuple((row[1], row[2]) for row in rows if row)
