"""Text from outside, escaped so that no terminal and no browser interprets it."""

from __future__ import annotations

import unicodedata

# Unicode categories: control and format characters (some change the direction of text), unpaired
# surrogates, private and unassigned characters, line and paragraph separators.
HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Zero-width non-joiner and joiner: emoji of several people and some scripts need them.
JOINERS = frozenset("\u200c\u200d")


def visible(text: str, keep: str = "") -> str:
    """Return the text with every invisible character escaped as in Python, for example \\x1b.

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
