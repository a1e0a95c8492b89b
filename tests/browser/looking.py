"""What is looked at on a page: colours and roles by axe, its width, what it fetches, its keys."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
# A window in CSS pixels, the colours that its owner prefers, and on what it is shown.
MODES: dict[str, dict[str, Any]] = {
    "desktop": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 375, "height": 812}, "has_touch": True, "is_mobile": True},
    "dark-phone": {"viewport": {"width": 375, "height": 812}, "color_scheme": "dark"},
    "print": {"viewport": {"width": 794, "height": 1123}},
}
# Every rule that axe has for conformance, and its best practices.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
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
    context = browser.new_context(**{**MODES[mode], **options})
    try:
        page = context.new_page()
        found = Visit(page)
        page.on("request", lambda request: found.requests.append(request.url))
        page.on("pageerror", lambda error: found.problems.append(str(error)))
        page.on("console", lambda row: found.problems.append(row.text))
        if mode == "print":
            page.emulate_media(media="print")
        page.goto(url)
        yield found
    finally:
        context.close()


def violations(page: Page) -> list[str]:
    """Return what axe finds on a page, each with the elements; everything closed is opened."""
    page.evaluate("document.querySelectorAll('details').forEach((row) => { row.open = true })")
    # Beside the page's own policy, which allows no script: evaluated by the browser's tools.
    page.evaluate(AXE.read_text(encoding="utf-8"))
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
