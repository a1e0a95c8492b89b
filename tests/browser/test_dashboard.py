"""The dashboard's pages in a real browser, served by Django from a database with real reports."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from releases import storage
from tests.app.reports import bend, deployed, digest, passed, report, stages
from tests.browser import sample
from tests.browser.looking import problems_by_mode, visit, walk

pytestmark = pytest.mark.django_db(transaction=True)
RUN = "6a2f41a3-c54c-4ae9-8a5a-0c1d3e5f7a9b"


@pytest.fixture
def dashboard(live_server: LiveServer, settings: Any) -> Iterator[LiveServer]:
    """A dashboard on loopback, whose every page is rendered anew."""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
    settings.RELEASE_VERSION, settings.RELEASE_DIGEST = "2.14.0+g4f1c0de", digest("9")
    yield live_server


def fill() -> None:
    """Store what a team has after a day: all that the pages can show."""
    links = {"run": sample.RUN, "commit": f"https://github.com/team/shop/commit/{'c' * 40}"}
    for hour in range(22):
        day = f"2026-11-23T{hour:02}:10:00Z"
        storage.store(report(timestamp=day, version=f"2.13.{hour}+g51d07b4", stages=stages("b")))
    production = {
        "promote-release": passed(digest=digest("a"), tag="release"),
        "deploy-production": deployed("a", "production"),
        "monitor": passed(
            environment="production",
            digest=digest("a"),
            version="2.14.0",
            **{"requests": 18204, "error_percent": 0.02, "p95_ms": 84.2},
        ),
    }
    steps = [{"title": "drain the old containers", "status": "passed", "start": 1, "seconds": 5.1}]
    deploy = deployed("a", started="2026-11-24T21:00:30.250Z", steps=steps)
    whole = {**stages("a"), "deploy": deploy, **production}
    storage.store(report(run=RUN, links=links, version="2.14.0", stages=whole))
    refused = {"status": "failed", "duration": 3.2, "reason": "never got healthy\nsecond line"}
    failed = {**stages("d"), "deploy": deployed("d", **refused)}
    late = "2026-11-24T22:00:00Z"
    storage.store(report(timestamp=late, status="failed", stages=failed, links=links))


def hostile() -> dict[str, Any]:
    """Return a report with texts that are as bad as the schema allows."""
    evil = '"><script>alert(1)</script>\u202e' + "é\U0001f4a5" + "W" * 90
    lint = {"status": "failed", "duration": 1.0, "reason": evil * 60, "their_fact": {"a": [evil]}}
    found = report(version=evil[:128], branch=evil, status="failed", run=RUN)
    return bend(found, "stages", {"lint": lint, "w" * 64: passed(long="x" * 9000)})


@pytest.mark.parametrize("path", ["/", "/?page=2", f"/runs/{RUN}/", "/runs/none/"])
def test_a_page_is_for_everybody(browser: Browser, dashboard: LiveServer, path: str) -> None:
    """In every mode axe finds nothing, nothing reaches over the edge or leaves the server."""
    fill()
    with visit(browser, dashboard.url + path) as found:
        assert problems_by_mode(found.page) == {}
        assert found.external(dashboard.url) == []
        is_there = "none" not in path
        assert bool(found.problems) != is_there, found.problems


@pytest.mark.parametrize("path", ["/", f"/runs/{RUN}/"])
def test_hostile_texts_are_only_texts(browser: Browser, dashboard: LiveServer, path: str) -> None:
    """Nothing of them is run, and the longest stays inside the window."""
    storage.store(json.loads(json.dumps(hostile())))
    with visit(browser, dashboard.url + path) as found:
        assert problems_by_mode(found.page) == {}
        assert found.page.locator("script").count() == 0
        assert found.external(dashboard.url) == [] and found.problems == []


def test_an_empty_dashboard_is_for_everybody_too(browser: Browser, dashboard: LiveServer) -> None:
    """Before the first report it says what to do."""
    with visit(browser, dashboard.url) as found:
        assert problems_by_mode(found.page) == {}
        assert "invoke pipeline" in found.page.locator(".empty").inner_text()


@pytest.mark.parametrize("path", ["/", f"/runs/{RUN}/"])
def test_the_keyboard_reaches_everything(
    browser: Browser, dashboard: LiveServer, path: str
) -> None:
    """Each link and each summary in order, with a mark around it."""
    fill()
    with visit(browser, dashboard.url + path) as found:
        wanted, reached, unseen = walk(found.page)
        assert reached == wanted and len(wanted) >= 6
        assert unseen == []


def test_it_is_read_without_a_script(browser: Browser, dashboard: LiveServer) -> None:
    """Environments, monitoring, what waits, runs and their links are there with scripts off."""
    fill()
    with visit(browser, dashboard.url, java_script_enabled=False) as found:
        words = found.page.locator("main").inner_text()
        for text in ("2.14.0", "monitored for", "18204 requests", "Last attempt failed"):
            assert text in words
        assert found.page.locator(f'a[href="{sample.RUN}"]').count() == 2
        found.page.get_by_role("link", name="2.14.0", exact=True).first.click()
        assert found.page.url == f"{dashboard.url}/runs/{RUN}/"
