"""A home directory of a tool's own: the settings of whoever calls it change no verdict."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from towpath.core import environment


@contextmanager
def home() -> Iterator[dict[str, str]]:
    """Yield the variables of an empty home directory, which is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="towpath-home-", ignore_cleanup_errors=True) as place:
        yield environment.private(place)
