"""Lists that come in pages, each to its last one: never cut in silence, never without an end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from towpath.core.errors import RegistryError
from towpath.registry import oci_reader as oci
from towpath.registry.client.headers import next_page

if TYPE_CHECKING:
    from towpath.registry.client.transport import RegistryTransport
    from towpath.registry.client.wire import Response

_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")


def every(asking: RegistryTransport, first: Response, most: int) -> Iterator[Response]:
    """Return the first page of a list and those after it.

    Raises RegistryError as `after` does.
    """
    yield first
    yield from after(asking, first, most)


def after(asking: RegistryTransport, first: Response, most: int) -> Iterator[Response]:
    """Return the pages after the first; raises RegistryError where they go round, or never end.

    A page of another host is refused as every request to one is.
    """
    seen, answer = {first.url}, first
    while place := next_page(answer.headers.get("link", ""), answer.url):
        if place in seen or len(seen) >= most:
            raise RegistryError(
                f"{asking.repository.registry} returned a list of pages without an end.",
                why=f"It has {len(seen)} pages, and the next one "
                f"{'was read already' if place in seen else 'exceeds the limit'}.",
            )
        seen.add(place)
        answer = asking.ask("GET", place, home_only=True)
        yield answer


def tags(content: bytes) -> list[str]:
    """Read one page of tags; raises NothingToJudgeError or RegistryError for what is none."""
    rows = oci.parse(content, "the list of tags").get("tags")
    if rows is None:
        return []
    if not isinstance(rows, list) or not all(_is_tag(row) for row in rows):
        raise RegistryError("The registry returned an invalid tag name in its list of tags.")
    return [str(row) for row in rows]


def _is_tag(row: object) -> bool:
    return isinstance(row, str) and _TAG.fullmatch(row) is not None
