"""What is looked at on a page: colours and roles by axe, its width, what it fetches, its keys."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
# A window in CSS pixels, and what Playwright's `emulate_media` takes.
MODES: dict[str, tuple[int, int, dict[str, Any]]] = {
    "desktop": (1280, 900, {"color_scheme": "light", "media": "screen"}),
    "dark": (1280, 900, {"color_scheme": "dark", "media": "screen"}),
    "phone": (375, 812, {"color_scheme": "light", "media": "screen"}),
    "dark-phone": (375, 812, {"color_scheme": "dark", "media": "screen"}),
    "print": (794, 1123, {"color_scheme": "light", "media": "print"}),
}
# Every rule that axe has for conformance, and its best practices.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Milliseconds that a page has for one step.
PATIENCE = 120_000
# What is reached with the keyboard. A link in what is closed is reached when it is opened.
REACHED = "a[href], summary, [tabindex='0']"
MARK = """(node) => {
    const style = getComputedStyle(node);
    const box = node.getBoundingClientRect();
    return {
        name: node.tagName + ' ' + node.textContent.trim().slice(0, 60),
        outlined: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
        seen: box.width > 0 && box.height > 0 && box.left >= 0 && box.right <= innerWidth + 1,
    };
}"""


@dataclass
class Visit:
    """A page that is open, what it asked the network for, and what went wrong in it."""

    page: Page
    requests: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def external(self, *own: str) -> list[str]:
        """Return the addresses that the page asked for, but for those that begin with `own`."""
        return [url for url in self.requests if not url.startswith(own)]


@contextmanager
def visit(browser: Browser, url: str, mode: str = "desktop", **options: Any) -> Iterator[Visit]:
    """Open a page in a window of its own."""
    context = browser.new_context(**options)
    try:
        page = context.new_page()
        # A busy machine is no fault of a page.
        page.set_default_timeout(PATIENCE)
        found = Visit(page)
        page.on("request", lambda request: found.requests.append(request.url))
        page.on("pageerror", lambda error: found.problems.append(str(error)))
        page.on("console", lambda row: found.problems.append(row.text))
        show(page, mode)
        page.goto(url)
        yield found
    finally:
        context.close()


def show(page: Page, mode: str) -> None:
    """Show a page as a mode says."""
    width, height, media = MODES[mode]
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(**media)


def problems_by_mode(page: Page) -> dict[str, list[str]]:
    """Return what is wrong with a page in each mode, with everything closed and opened."""
    found: dict[str, list[str]] = {}
    # Beside the page's own policy, which allows no script: evaluated by the browser's tools.
    page.evaluate(AXE.read_text(encoding="utf-8"))
    for mode in MODES:
        show(page, mode)
        rows = [f"reaches over the edge: {row}" for row in cut_off(page)]
        toggle(page, True)
        rows += [f"reaches over the edge when opened: {row}" for row in cut_off(page)]
        rows += violations(page)
        if (wide := overflow(page)) > 0:
            rows.append(f"scrolls sideways by {wide} px")
        toggle(page, False)
        if rows:
            found[mode] = rows
    return found


def toggle(page: Page, is_open: bool) -> None:
    """Open everything, or show what was open at first."""
    page.evaluate(
        """(isOpen) => document.querySelectorAll('details').forEach((row) => {
            row.dataset.first ??= row.open ? 'yes' : '';
            row.open = isOpen || row.dataset.first === 'yes';
        })""",
        is_open,
    )


def violations(page: Page) -> list[str]:
    """Return what axe, which is there already, finds on a page, each with the elements."""
    rule = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}
    found = page.evaluate("(options) => axe.run(document, options)", rule)
    return [
        f"{row['id']}: {row['help']}: {[node['target'] for node in row['nodes'][:3]]}"
        for row in found["violations"]
    ]


def overflow(page: Page) -> int:
    """Return how many pixels of a page lie outside the window, to the right."""
    width: int = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return width


def cut_off(page: Page) -> list[str]:
    """Return the elements with words that reach outside the window or over their own edge."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll('h1, h2, h3, p, td, th, dd, dt, li, pre, summary')]
            .filter((node) => node.checkVisibility() && !node.closest('thead, .hidden, .skip'))
            .filter((node) => node.getBoundingClientRect().right > innerWidth + 1
                || node.scrollWidth > node.clientWidth + 1 && node.clientWidth > 0)
            .map((node) => node.tagName + ' ' + node.textContent.trim().slice(0, 60))"""
    )
    return found


def walk(page: Page) -> tuple[list[str], list[str], list[str]]:
    """Go through a page with Tab: return what can be reached, what was, and what was not seen."""
    wanted: list[str] = page.evaluate(
        """(reached) => [...document.querySelectorAll(reached)]
            .filter((node) => node.checkVisibility({contentVisibilityAuto: true}))
            .map((node) => node.tagName + ' ' + node.textContent.trim().slice(0, 60))""",
        REACHED,
    )
    found, unseen = [], []
    for _ in wanted:
        page.keyboard.press("Tab")
        row = page.evaluate(f"({MARK})(document.activeElement)")
        found.append(row["name"])
        if not (row["outlined"] and row["seen"]):
            unseen.append(row["name"])
    return wanted, found, unseen
