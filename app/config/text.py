"""Foreign text, written so that no terminal and no browser obeys it."""

from __future__ import annotations

import unicodedata

# Control characters, characters that turn the direction of writing or are not seen, and lone halves
# of a pair; line and paragraph separators too.
HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Emoji of several people are joined by it, and some scripts are written with these two.
JOINERS = frozenset("\u200c\u200d")


def visible(text: str, keep: str = "") -> str:
    """Return the text with every character that is not seen written as Python would, \\x1b.

    The characters in `keep` stay as they are.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_visible(character, keep) for character in text)


def _visible(character: str, keep: str) -> str:
    if character in keep or character in JOINERS:
        return character
    if unicodedata.category(character) not in HIDDEN:
        return character
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
