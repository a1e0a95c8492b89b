"""The page of a run, in a real browser: for everybody, everywhere, whatever is in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser import sample
from tests.browser.conftest import Written
from tests.browser.looking import cut_off, overflow, problems_by_mode, visit, walk

# Those that are looked at in every mode: 1,000 failures take axe minutes.
SOME = [name for name in sample.RUNS if name != "many"]


@pytest.mark.parametrize("name", SOME)
def test_a_page_is_for_everybody(browser: Browser, written: Written, name: str) -> None:
    """In every mode axe finds nothing, nothing reaches over the edge, and nothing is fetched."""
    url = written(name).as_uri()
    with visit(browser, url) as found:
        assert problems_by_mode(found.page) == {}
        assert (found.requests, found.problems) == ([url], [])


@pytest.mark.parametrize("mode", ["desktop", "phone"])
def test_a_thousand_failures_are_a_page_too(browser: Browser, written: Written, mode: str) -> None:
    """It opens within seconds, shows the first at once, and names every one."""
    page = written("many")
    assert page.stat().st_size < 4 << 20
    with visit(browser, page.as_uri(), mode) as found:
        failures = found.page.locator("details.failure")
        assert failures.count() == 1000
        assert found.page.locator("details.failure[open]").count() == 10
        assert "characters more are in reports/junit/tests/3.12.xml" in failures.first.inner_text()
        assert found.page.locator("table.findings tbody tr").count() == 500
        assert overflow(found.page) <= 0 and cut_off(found.page) == []


@pytest.mark.parametrize("name", ["released", "failed"])
def test_the_keyboard_reaches_everything(browser: Browser, written: Written, name: str) -> None:
    """Each link and each summary in order, with a mark around it; Enter opens and closes."""
    with visit(browser, written(name).as_uri()) as found:
        wanted, reached, unseen = walk(found.page)
        assert reached == wanted and len(wanted) > 20
        assert unseen == []
        closed = found.page.locator("details:not([open]) > summary").first.element_handle()
        closed.focus()
        found.page.keyboard.press("Enter")
        assert closed.evaluate("(node) => node.parentElement.open")
        found.page.keyboard.press("Enter")
        assert not closed.evaluate("(node) => node.parentElement.open")


def test_the_skip_link_goes_to_the_content(browser: Browser, written: Written) -> None:
    """It is the first thing that Tab reaches, and can be seen then."""
    with visit(browser, written("failed").as_uri()) as found:
        found.page.keyboard.press("Tab")
        skip = found.page.locator("a.skip")
        box = skip.bounding_box()
        assert box and box["x"] >= 0
        found.page.keyboard.press("Enter")
        assert found.page.url.endswith("#content")


@pytest.mark.parametrize("name", SOME)
def test_it_is_read_without_a_script(browser: Browser, written: Written, name: str) -> None:
    """It has none: with scripts switched off every word is where it was."""
    url = written(name).as_uri()
    with visit(browser, url) as able, visit(browser, url, java_script_enabled=False) as unable:
        assert able.page.locator("script").count() == 0
        assert unable.page.locator("body").inner_text() == able.page.locator("body").inner_text()


def test_the_failures_say_all_that_they_said(browser: Browser, written: Written) -> None:
    """What stopped the run is at the top; each failed test is there once, with what it printed."""
    with visit(browser, written("failed").as_uri(), "phone") as found:
        top = found.page.locator(".stopped").inner_text()
        for words in ("lint", "COMPLEXITY is 14, the rule is below 10", "TESTS_FAILED is 3"):
            assert words in top
        rows = found.page.locator("details.failure")
        assert rows.count() == 3
        first = rows.first.inner_text()
        for words in (
            *("tests/3.11, tests/3.12", "assert 200 == 409", "Captured output"),
            *("booking refund 2 of order 3107", "Captured standard error", "shop.ledger"),
        ):
            assert words in first
        assert found.page.locator("svg.timeline").first.is_visible()


def test_stages_at_the_same_time_lie_side_by_side(browser: Browser, written: Written) -> None:
    """On a phone too: bars that overlap on the axis are of stages that ran at the same time."""
    for mode in ("desktop", "phone"):
        with visit(browser, written("released").as_uri(), mode) as found:
            boxes = {
                name: found.page.locator(f"#stage-{name} svg rect").bounding_box()
                for name in ("test", "integration", "build")
            }
            test, integration, build = (box or {} for box in boxes.values())
            assert abs(test["x"] - integration["x"]) < 2
            assert test["width"] > integration["width"]
            assert build["x"] >= test["x"] + test["width"] - 2
            assert all(row["height"] >= 10 for row in (test, integration, build))


def test_a_status_is_not_only_a_colour(browser: Browser, written: Written) -> None:
    """Every status has a sign and a word."""
    signs = {"✓ passed", "✗ failed", "! errored", "– skipped"}
    seen = set()
    for name in ("failed", "interrupted", "released"):
        with visit(browser, written(name).as_uri()) as found:
            seen |= set(found.page.locator(".status").all_text_contents())
    assert seen == signs


def test_on_paper_everything_is_open(browser: Browser, written: Written, tmp_path: Path) -> None:
    """What is closed on the screen is printed, but for the navigation and the slowest tests."""
    with visit(browser, written("released").as_uri(), "print") as found:
        steps = found.page.locator("details:not([open]) table.steps")
        assert steps.count() > 2
        assert steps.first.bounding_box()
        assert not found.page.locator("nav").is_visible()
        assert not found.page.locator("details.optional").is_visible()
        found.page.pdf(path=tmp_path / "run.pdf", format="A4")
    assert (tmp_path / "run.pdf").read_bytes().startswith(b"%PDF-")


def test_the_index_lists_the_runs(browser: Browser, written: Written) -> None:
    """The page of all runs is for everybody too, and leads to each."""
    index = written("hostile").parents[2] / "index.html"
    with visit(browser, index.as_uri()) as found:
        assert problems_by_mode(found.page) == {}
        assert (found.requests, found.problems) == ([index.as_uri()], [])
        found.page.locator("tbody a").first.click()
        assert found.page.url == written("hostile").as_uri()
