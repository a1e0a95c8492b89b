"""The known name that somebody may have meant, for the end of a message."""

from __future__ import annotations

from collections.abc import Iterable

# How alike two words have to be, from 0 to 1, as difflib measures it: `shh` is 0.67 of `ssh`.
ALIKE = 0.65
# Letters that a beginning of a name has at least: `prod` of `production`.
SHORTEST = 3


def find_nearest(word: str, known: Iterable[str]) -> str:
    """Return the known name that begins with a word, else the one most like it, or nothing.

    Of several names that begin with it the one most like it is taken, if it is near.
    """
    # Only a mistake needs it, and every command would pay for it.
    import difflib

    names = list(known)
    begun = [name for name in names if len(word) >= SHORTEST and name.startswith(word)]
    if len(begun) == 1:
        return begun[0]
    return next(iter(difflib.get_close_matches(word, names, n=1, cutoff=ALIKE)), "")


def nearest(word: str, known: Iterable[str]) -> str:
    """Return ` Did you mean 'x'?` for the known name nearest to this word, or an empty string."""
    name = find_nearest(word, known)
    return f" Did you mean {name!r}?" if name else ""
