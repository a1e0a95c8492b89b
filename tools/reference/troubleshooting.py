"""The sections of docs/troubleshooting.md, and the index of every message in them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tools.reference.markdown import table
from tools.reference.messages import Message

_SECTION = re.compile(r"^### (?P<title>.+)\n\n```\n(?P<messages>.+?)\n```\n(?P<text>.*)", re.S)
_CODES = re.compile(r"^\*\*Why\*\* \(exit codes? ([0-9, and]+)\):", re.M)
_TESTS = re.compile(r"`(tests/[\w/.-]+\.py)`")
# What each section says, in this order.
PARTS = ("**Why** ", "**What to do:** ", "**Tried:** ")


@dataclass(frozen=True)
class Section:
    """A section of the page: the messages that it is about, their codes, and what tried it."""

    title: str
    messages: tuple[str, ...]
    codes: tuple[int, ...]
    tests: tuple[str, ...]
    text: str

    @property
    def anchor(self) -> str:
        """The section's place on the page."""
        return re.sub(r"[^\w\- ]", "", self.title.lower()).replace(" ", "-")


def sections(page: str) -> list[Section]:
    """Return the sections of the page that begin with a block of messages."""
    parts = re.split(r"^(?=##)", page, flags=re.M)
    return [_section(match) for part in parts if (match := _SECTION.match(part))]


def _section(match: re.Match[str]) -> Section:
    text = match["text"]
    codes = _CODES.search(text)
    return Section(
        match["title"],
        tuple(match["messages"].splitlines()),
        tuple(int(code) for code in re.findall(r"\d+", codes[1])) if codes else (),
        tuple(_TESTS.findall(text)),
        text,
    )


def found_in(message: Message, rows: Iterable[Section]) -> list[Section]:
    """Return the sections of a message; two errors may begin alike and have different codes."""
    return [row for row in rows if message.text in row.messages and message.code in row.codes]


def index(messages: Sequence[Message], rows: Sequence[Section]) -> str:
    """Return the page that lists every message with its exit code and its section."""
    cells = [
        (
            f"`{message.text}`",
            str(message.code),
            ", ".join(
                f"[{row.title}](../troubleshooting.md#{row.anchor})"
                for row in found_in(message, rows)
            ),
        )
        for message in messages
    ]
    return f"""# Messages

Every error has one of these sentences, and so has a note in a table of results; `…` stands for what
differs. The section says why it comes and what to do.

{table(("message", "exit code", "section"), cells)}
"""
