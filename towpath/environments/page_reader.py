"""The answers of a web container to requests for pages. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from towpath.environments.page_commands import END_MARK
from towpath.environments.page_headers import cookies_of, target

# What nobody reads of a page.
_UNREAD = re.compile(
    r"<(style|script)\b.*?(?:</\1>|\Z)|<!--.*?(?:-->|\Z)|<[^>]*>", re.DOTALL | re.I
)
# Letters of a page in a message.
SHOWN = 300
_END = re.compile(rf"\n{re.escape(END_MARK)} ([0-9]+)\n")
# The exit code of `timeout` for a command that it ended.
TIMED_OUT = 124
_STATUS = re.compile(r"HTTP/1\.[01] ([1-5][0-9]{2})(?: [^\r\n]*)?\r?\n")


@dataclass(frozen=True)
class PageAnswer:
    """The status and the body; `status` is 0 where `problem` says why there was no answer.

    `location` is where a redirect leads, `cookies` are names and values that the answer sets.
    """

    status: int
    body: str = ""
    problem: str = ""
    location: str = ""
    cookies: tuple[tuple[str, str], ...] = ()


def read_answers(code: int, output: str, count: int) -> list[PageAnswer]:
    """Read what the command of `page_commands.ask` wrote about so many pages, with its exit code.

    An answer that is cut off, or is not HTTP, is none.
    """
    *parts, rest = _END.split(output)
    found = [_answer(text, int(ended)) for text, ended in zip(parts[::2], parts[1::2], strict=True)]
    timed_out = code == TIMED_OUT
    words = "timed out" if timed_out else rest.strip()[-200:] or "the connection ended"
    missing = count - len(found)
    return [*found, *(PageAnswer(0, problem=words) for _ in range(missing))][:count]


def _answer(text: str, code: int) -> PageAnswer:
    text = text.removeprefix("\n")
    if code:
        return PageAnswer(0, problem=text.strip()[-200:] or f"exit code {code}")
    match = _STATUS.match(text)
    if match is None:
        return PageAnswer(0, problem=f"not HTTP: {text[:60]!r}" if text else "an empty answer")
    head, _, body = text.replace("\r\n", "\n").partition("\n\n")
    status, headers = int(match[1]), [*map(_header, head.split("\n")[1:])]
    return PageAnswer(status, body, location=target(status, headers), cookies=cookies_of(headers))


def _header(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.strip().lower(), value.strip()


def words(body: str) -> str:
    """Return the beginning of what a page says, without its markup."""
    return " ".join(_UNREAD.sub(" ", body).split())[:SHOWN]
