"""A separate home directory for a tool, so that settings of the user change no verdict."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from towpath.core import environment


@contextmanager
def home() -> Iterator[dict[str, str]]:
    """Yield the variables of an empty home directory, which is deleted afterwards."""
    with tempfile.TemporaryDirectory(prefix="towpath-home-", ignore_cleanup_errors=True) as place:
        yield environment.private(place)
