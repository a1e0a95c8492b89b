"""What a registry writes into headers: challenges and links, read as the RFCs have them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from towpath.core.errors import RegistryRefusedError
from towpath.registry.client import urls

# RFC 9110, "Tokens" and "Quoted Strings".
_TCHARS = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_PARAMETER = re.compile(rf"\s*({_TCHARS})\s*=\s*({_QUOTED}|[^\s,\"]*)")
_SCHEME = re.compile(rf"\s*({_TCHARS})(?=[\s,]|$)")
_TOKEN68 = re.compile(r"\s*[A-Za-z0-9._~+/-]+=*\s*(?=,|$)")
_ESCAPED = re.compile(r"\\(.)")
# RFC 8288, "The Link Header Field"; the brackets are left out by some registries.
_VALUE = rf"(?:{_QUOTED}|[^\s;,\"]*)"
_TARGET = r"\s*(?:<([^>]*)>|([^\s;<>\"]+))"
_LINK = re.compile(rf"{_TARGET}((?:\s*;\s*{_TCHARS}(?:\s*=\s*{_VALUE})?)*)\s*(?:,|$)")
_RELATION = re.compile(rf"({_TCHARS})\s*=\s*({_VALUE})")


class Challenge(NamedTuple):
    """How a registry wants to be asked: a scheme and its parameters, both in lower case."""

    scheme: str
    parameters: dict[str, str]


def challenges(text: str) -> list[Challenge]:
    """Return the challenges of a WWW-Authenticate header, or of several that were joined.

    What is no challenge is left out. Source: RFC 9110, "WWW-Authenticate".
    """
    found: list[Challenge] = []
    place = 0
    while place < len(text):
        if text[place] in ", \t":
            place += 1
        elif found and (match := _PARAMETER.match(text, place)):
            found[-1].parameters.setdefault(match[1].lower(), _plain(match[2]))
            place = match.end()
        elif match := _SCHEME.match(text, place):
            found.append(Challenge(match[1].lower(), {}))
            place = match.end()
            place = _after_token68(text, place)
        else:
            # Nothing that we know: go on after the next comma.
            place = text.find(",", place) + 1 or len(text)
    return found


def _after_token68(text: str, place: int) -> int:
    """Skip what Negotiate and its like write in the place of parameters."""
    if _PARAMETER.match(text, place) and not _TOKEN68.match(text, place):
        return place
    match = _TOKEN68.match(text, place)
    return match.end() if match and match[0].strip() else place


def _plain(value: str) -> str:
    return _ESCAPED.sub(r"\1", value[1:-1]) if value.startswith('"') else value


def next_page(text: str, url: str) -> str:
    """Return where the page after the one at `url` is; empty where there is none.

    Raises RegistryRefusedError for a header that cannot be read: a list is never cut in silence.
    """
    links = list(_links(text))
    for place, relations in links:
        # A link that says nothing of itself can only be the next page.
        if "next" in relations or (not relations and len(links) == 1):
            return urls.following(url, place)
    return ""


def _links(text: str) -> Iterator[tuple[str, list[str]]]:
    place = 0
    while text[place:].strip(" \t,"):
        match = _LINK.match(text, place)
        if match is None:
            raise RegistryRefusedError("The link to the next page of a list is invalid.")
        relations: list[str] = []
        for name, value in _RELATION.findall(match[3]):
            if name.lower() == "rel":
                relations += _plain(value).lower().split()
        yield match[1] if match[1] is not None else match[2], relations
        place = match.end()
