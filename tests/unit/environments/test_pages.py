"""Pages are asked of a container by one command, and what it writes is read."""

from __future__ import annotations

import pytest

from towpath.environments import page_commands, page_reader
from towpath.environments.page_commands import END_MARK, PageRequest
from towpath.environments.page_reader import PageAnswer

FINE = f"HTTP/1.1 200 OK\r\nServer: x\r\n\r\nHello\n{END_MARK} 0\n"


def test_every_page_is_a_request_with_the_host_of_a_user() -> None:
    """ALLOWED_HOSTS and a redirect to https are met as by a person's browser."""
    requests = [PageRequest("/", "https"), PageRequest("/up", "https", (("a", "b"), ("c", "d")))]
    argv = page_commands.ask(requests, "box-web-1", 8000, "shop.test")

    assert argv[:2] == ["timeout", "10"]
    assert argv[6:9] == ["box-web-1", "8000", END_MARK]
    assert [request.splitlines()[0] for request in argv[9:]] == [
        "GET / HTTP/1.0",
        "GET /up HTTP/1.0",
    ]
    assert "Host: shop.test\r\n" in argv[9]
    assert "X-Forwarded-Proto: https\r\n" in argv[9]
    assert "Cookie" not in argv[9] and "Cookie: a=b; c=d\r\n" in argv[10]


def test_answers_are_read_in_order() -> None:
    """Each with its status and its body."""
    text = FINE + FINE.replace("200 OK", "404 Not Found").replace("Hello", "gone")

    assert page_reader.read_answers(0, text, 2) == [
        PageAnswer(200, "Hello"),
        PageAnswer(404, "gone"),
    ]


def test_a_redirect_and_the_cookies_of_an_answer_are_read() -> None:
    """A status that is no redirect leads nowhere, and a cookie that is taken away is none."""
    head = "Location: /login/\r\nSet-Cookie: a=b; Path=/\r\nset-cookie: c=\r\nSet-Cookie: x y=z"
    text = f"HTTP/1.1 302 Found\r\n{head}\r\n\r\n\n{END_MARK} 0\n"

    assert page_reader.read_answers(0, text, 1) == [
        PageAnswer(302, "", location="/login/", cookies=(("a", "b"),))
    ]
    (other,) = page_reader.read_answers(0, text.replace("302 Found", "304 Same"), 1)
    assert other.location == ""


@pytest.mark.parametrize(
    ("code", "text", "problem"),
    [
        (124, "HTTP/1.1 200 OK\r\n\r\nHel", "timed out"),
        (0, "HTTP/1.1 200 OK\r\n\r\nHel", "HTTP/1.1 200 OK"),
        (0, "", "the connection ended"),
        (0, f"bash: connect: Connection refused\n{END_MARK} 1\n", "Connection refused"),
        (0, f"SSH-2.0-x\n{END_MARK} 0\n", "not HTTP: 'SSH-2.0-x'"),
        (0, f"\n{END_MARK} 0\n", "an empty answer"),
    ],
)
def test_what_is_cut_off_or_no_http_is_no_answer(code: int, text: str, problem: str) -> None:
    """It is never a page without a problem."""
    (found,) = page_reader.read_answers(code, text, 1)

    assert found.status == 0
    assert problem in found.problem


def test_the_words_of_a_page_are_shown_without_markup() -> None:
    """Of an error page only what a person would read."""
    page = "<style>\nx { }</style><h1>Oh &amp; no</h1>\n<!-- y -->it <b>broke</b><script>var x"

    assert page_reader.words(page) == "Oh &amp; no it broke"
