"""XML that comes from outside: bounded in size and depth, without a document type. Pure.

A document type may name entities that are other files, or that grow without an end; no report of a
tool has one.
"""

from __future__ import annotations

# nosec below: what makes XML dangerous is refused before it is expanded.
import xml.etree.ElementTree as ElementTree  # nosec B405
from typing import TypeAlias

# Characters of a document, and levels of nesting.
LIMIT, DEPTH = 64 << 20, 64

Element: TypeAlias = ElementTree.Element


def parse_xml(text: str) -> Element:
    """Return the root of a document; raises ValueError with a readable reason."""
    if len(text) > LIMIT:
        raise ValueError(f"it has {len(text)} characters; the limit is {LIMIT}")
    parser = ElementTree.XMLParser(target=_TreeBuilder())  # nosec B314
    try:
        parser.feed(text)
        root: Element = parser.close()
    except (ElementTree.ParseError, UnicodeEncodeError) as error:
        raise ValueError(str(error)) from error
    return root


class _TreeBuilder(ElementTree.TreeBuilder):
    """Builds a tree, and refuses what no report has."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0

    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        """Begin an element; raises ValueError for one that is nested too deep."""
        self._depth += 1
        if self._depth > DEPTH:
            raise ValueError(f"it is nested more than {DEPTH} levels deep")
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> Element:
        """End an element."""
        self._depth -= 1
        return super().end(tag)

    def doctype(self, name: str, _public: str | None, _system: str | None) -> None:
        """Refuse a document type; raises ValueError."""
        raise ValueError(f"it declares a document type, {name[:80]!r}")
