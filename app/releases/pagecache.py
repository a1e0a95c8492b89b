"""A cache of rendered pages, all invalidated at once when a report is stored.

The keys of pages include a generation that all processes share. Storing a report sets a new one, so
that old pages are not found again and expire. The generation is read before the database, so that
a page rendered while a report arrives belongs to the old generation. If the cache does not answer,
pages are rendered without it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from uuid import uuid4

from django.core.cache import cache

from config.release import own_release

logger = logging.getLogger(__name__)

GENERATION = "pages:generation"
SECONDS = 60
"""Seconds that a page is cached, and so its greatest age if `forget` did not reach the cache."""


def page(name: str, render: Callable[[], str]) -> str:
    """Return the page of that name from the cache, or render and cache it."""
    try:
        generation = _generation()
        key = _key(name, generation)
        kept = cache.get(key)
    except Exception as error:  # any client and any failure: the page is rendered without the cache
        logger.warning("rendering %s without the cache: %r", name, error)
        return render()
    if isinstance(kept, str):
        return kept
    text = render()
    _try(lambda: cache.set(key, text, SECONDS), f"store {name}")
    return text


def forget() -> None:
    """Invalidate all cached pages."""
    _try(lambda: cache.set(GENERATION, uuid4().hex, None), "invalidate the pages")


def _generation() -> str:
    kept = cache.get(GENERATION)
    if isinstance(kept, str) and kept:
        return kept
    fresh = uuid4().hex
    cache.add(GENERATION, fresh, None)
    # Another process may have been first: its generation is used if it is valid.
    kept = cache.get(GENERATION)
    if isinstance(kept, str) and kept:
        return kept
    cache.set(GENERATION, fresh, None)
    return fresh


def _key(name: str, generation: str) -> str:
    # During a deployment two releases run side by side, and each page shows its own.
    own = own_release()
    return f"page:{generation}:{own.digest}:{own.version}:{name}"


def _try(act: Callable[[], object], what: str) -> None:
    try:
        act()
    except Exception as error:  # as above
        logger.warning("cache error, could not %s: %r", what, error)
