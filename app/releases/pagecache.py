"""Rendered pages in the cache, all forgotten at once when a report is stored.

Pages are kept under a generation that every process shares. Storing a report sets a new one, so
the old pages are not found again and run out by themselves. The generation is read before the
database is, so a page rendered while a report comes in is filed under the generation that ends.
A cache that does not answer costs time, never the page.
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
"""How long a page is kept, and so how old one can get if `forget` did not reach the cache."""


def page(name: str, render: Callable[[], str]) -> str:
    """Return the page of that name from the cache, or render and keep it."""
    try:
        generation = _generation()
        key = _key(name, generation)
        kept = cache.get(key)
    except Exception as error:  # any client, any failure: the page goes on without its cache
        logger.warning("rendering %s without the cache: %r", name, error)
        return render()
    if isinstance(kept, str):
        return kept
    text = render()
    _try(lambda: cache.set(key, text, SECONDS), f"keep {name}")
    return text


def forget() -> None:
    """Make every kept page unfindable."""
    _try(lambda: cache.set(GENERATION, uuid4().hex, None), "forget the pages")


def _generation() -> str:
    kept = cache.get(GENERATION)
    if isinstance(kept, str) and kept:
        return kept
    fresh = uuid4().hex
    cache.add(GENERATION, fresh, None)
    # Another process may have been first: what is there counts, unless it is not ours.
    kept = cache.get(GENERATION)
    if isinstance(kept, str) and kept:
        return kept
    cache.set(GENERATION, fresh, None)
    return fresh


def _key(name: str, generation: str) -> str:
    # Two releases serve side by side during a deployment, and a page shows which one made it.
    own = own_release()
    return f"page:{generation}:{own.digest}:{own.version}:{name}"


def _try(act: Callable[[], object], what: str) -> None:
    try:
        act()
    except Exception as error:  # as above
        logger.warning("the cache could not %s: %r", what, error)
