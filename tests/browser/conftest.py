"""Chromium, the pages of runs, and a dashboard that serves them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.app.conftest import django_db_modify_db_settings
from tests.browser import chromium, sample
from tests.browser.__main__ import VARIABLE

__all__ = ["django_db_modify_db_settings"]

Written = Callable[[str], Path]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, started once for each process of the tests; without it they fail."""
    path = os.environ.get(VARIABLE) or chromium.find()
    assert path, "Chromium is not installed: run `nox -s browser`, which says how"
    # Django takes the loop of Playwright for a caller that may not wait for a database.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=path, args=chromium.options())
        yield found
        found.close()


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """Return a function that writes a run of tests.browser.sample once, and returns its page."""
    pages: dict[str, Path] = {}

    def write(name: str) -> Path:
        if name not in pages:
            pages[name] = sample.RUNS[name](tmp_path_factory.mktemp(name))
        return pages[name]

    return write
