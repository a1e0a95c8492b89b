"""What a message says, before any channel formats it. Pure."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from towpath import gates
from towpath.config.waivers import Waiver
from towpath.core import markup
from towpath.core.redaction import Redactor

TEXT, LINE = 500, 300  # letters of a text and of an error's first line
MOST = 20  # gates, and lines, that a message has
COMMIT = 12  # letters of a commit that people read
# Who started a run, as CI systems and machines say it.
ACTORS = (
    *("GITHUB_ACTOR", "GITLAB_USER_LOGIN", "BUILD_USER_ID", "BUILD_REQUESTEDFOR"),
    *("CIRCLE_USERNAME", "BUILDKITE_BUILD_CREATOR", "DRONE_COMMIT_AUTHOR", "USER"),
)
PASSED, FAILED, INTERRUPTED, INFO = "passed", "failed", "interrupted", "info"
MARKS = {PASSED: "✅", FAILED: "❌", INTERRUPTED: "⏹️"}


@dataclass(frozen=True)
class Link:
    """An address with the words that lead to it."""

    label: str
    url: str


@dataclass(frozen=True)
class Notice:
    """One message. `status` is passed, failed, interrupted or info; `at` is UTC in ISO 8601.

    `gates` are the gates that did not pass, each with value and limit; `error` is the first line of
    what stopped it.
    """

    event: str
    title: str
    status: str
    at: str
    project: str = ""
    version: str = ""
    branch: str = ""
    commit: str = ""
    who: str = ""
    environment: str = ""
    stage: str = ""
    gates: tuple[str, ...] = ()
    error: str = ""
    lines: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    run: str = ""

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """What every channel shows as pairs of a label and a text; empty ones are left out."""
        rows = (
            ("Version", self.version),
            ("Branch", self.branch),
            ("Commit", self.commit[:COMMIT]),
            ("By", self.who),
            ("Environment", self.environment),
            ("Failed stage" if self.status != PASSED else "Stage", self.stage),
        )
        return tuple((label, text) for label, text in rows if text)

    def as_json(self) -> dict[str, Any]:
        """Return the message as plain values."""
        return asdict(self)


def clean(text: str, most: int = TEXT) -> str:
    """Return text of others on one line, bounded, and without control characters."""
    found = markup.visible(" ".join(text.split()))
    return found if len(found) <= most else f"{found[: most - 1]}…"


def readable(notice: Notice, redactor: Redactor) -> Notice:
    """Return the message as it may be sent: no secrets, no control characters, bounded texts."""

    def text(value: str, most: int = TEXT) -> str:
        return clean(redactor.text(value), most)

    return replace(
        notice,
        **{
            name: text(getattr(notice, name))
            for name in ("title", "project", "version", "branch", "commit", "who", "environment")
        },
        stage=text(notice.stage),
        gates=tuple(text(row) for row in notice.gates[:MOST]),
        error=text(notice.error, LINE),
        lines=tuple(text(row) for row in notice.lines[:MOST]),
        links=tuple(Link(text(row.label), redactor.text(row.url)) for row in notice.links),
    )


def actor(env: Mapping[str, str]) -> str:
    """Return who started a run; empty where nothing says it."""
    return next((env[name] for name in ACTORS if env.get(name)), "")


def gate_lines(verdicts: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return each verdict that did not pass, with its value and its limit."""
    return tuple(_gate_line(row) for row in verdicts if row.get("status") != "passed")


def _gate_line(row: Mapping[str, Any]) -> str:
    value = row.get("value")
    number = isinstance(value, int | float) and not isinstance(value, bool)
    shown = f"{value:g}" if number else "not measured"
    limit = row.get("limit")
    wanted = f"{limit:g}" if isinstance(limit, int | float) else str(limit)
    return f"{row.get('gate', '')}: {shown} (limit {row.get('direction', '')} {wanted})"


def first_line(text: str) -> str:
    """Return the first line that says something."""
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def expiring(waivers: Sequence[Waiver], today: dt.date) -> tuple[Waiver, ...]:
    """Return the waivers that end soon, the first to end first."""
    limit = today + dt.timedelta(days=gates.WAIVER_NOTICE)
    return tuple(sorted((row for row in waivers if row.expires <= limit), key=lambda r: r.expires))


def of_waivers(waivers: Sequence[Waiver], project: str, at: str) -> Notice:
    """Return the message about waivers that end soon."""
    return Notice(
        "waiver-expires",
        f"{len(waivers)} {'waiver expires' if len(waivers) == 1 else 'waivers expire'} soon",
        INFO,
        at,
        project=project,
        lines=tuple(f"{row.id} until {row.expires}: {row.reason}" for row in waivers),
    )


def marked_title(notice: Notice) -> str:
    """Return the title behind the sign of how it ended."""
    mark = MARKS.get(notice.status, "")
    return f"{mark} {notice.title}".strip()


def safe_links(links: tuple[Link, ...]) -> list[Link]:
    """Return the links that lead to a web page and hold nothing that ends a link early."""
    return [row for row in links if _is_web(row.url)]


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    plain = not re.search(r"[\s<>()\"'\\^`{}|]", url)
    return parts.scheme in ("http", "https") and bool(parts.hostname) and plain
