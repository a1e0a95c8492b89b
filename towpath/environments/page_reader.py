"""The answer of a web container to a request for a page. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from towpath.environments.page_commands import END_MARK

# What nobody reads of a page.
_UNREAD = re.compile(r"<(style|script)\b.*?(?:</\1>|\Z)|<!--.*?(?:-->|\Z)|<[^>]*>", re.DOTALL | re.I)
# Letters of a page in a message.
SHOWN = 300
_STATUS = re.compile(r"HTTP/1\.[01] ([1-5][0-9]{2})(?: [^\r\n]*)?\r?\n")


@dataclass(frozen=True)
class PageAnswer:
    """The status and the body; `status` is 0 where `problem` says why there was no answer."""

    status: int
    body: str = ""
    problem: str = ""


def read_answer(code: int, output: str) -> PageAnswer:
    """Read what the command of `page_commands.ask` wrote, with its exit code.

    An answer that is cut off, or is not HTTP, is none.
    """
    text, complete, _ = output.rpartition(f"\n{END_MARK}")
    if code == 124:
        return PageAnswer(0, problem="timed out")
    if code or not complete:
        last = output.strip().splitlines()[-1:] or ["the connection ended"]
        return PageAnswer(0, problem=last[0][-200:])
    match = _STATUS.match(text)
    if match is None:
        return PageAnswer(0, problem=f"not HTTP: {text[:60]!r}")
    head, _, body = text.replace("\r\n", "\n").partition("\n\n")
    return PageAnswer(int(match[1]), body, "" if head else "empty")


def words(body: str) -> str:
    """Return the beginning of what a page says, without its markup."""
    return " ".join(_UNREAD.sub(" ", body).split())[:SHOWN]
