"""Redirects of a release's pages are followed on its own host: what people get is judged."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from towpath.config.pages import Page
from towpath.environments import page_redirects
from towpath.environments.page_commands import PageRequest
from towpath.environments.page_reader import PageAnswer

HOST = "shop.test:8080"
LOGIN = PageAnswer(302, location="/login/?next=/")


class Pages:
    """A release that answers paths, with what it was asked."""

    def __init__(self, answers: dict[str, PageAnswer]) -> None:
        self.answers = answers
        self.asked: list[list[PageRequest]] = []

    def __call__(self, requests: Sequence[PageRequest]) -> list[PageAnswer]:
        self.asked.append(list(requests))
        return [self.answers[row.path] for row in requests]


def _problems(pages: Pages, *wanted: Page, both_schemes: bool = True) -> list[str]:
    return page_redirects.problems(wanted, pages, HOST, "http", both_schemes=both_schemes)


def test_an_error_behind_a_redirect_is_the_page_of_the_redirect() -> None:
    """301 to a page that answers 500 is what people see: 500."""
    pages = Pages({"/": LOGIN, "/login/?next=/": PageAnswer(500, "<h1>Oh no</h1>")})

    assert _problems(pages, Page("/")) == ["/ leads to /login/?next=/, which answers 500: Oh no"]


def test_the_last_page_has_the_status_and_the_text() -> None:
    """Several pages are asked at once, and only those that redirect again."""
    pages = Pages(
        {"/": LOGIN, "/login/?next=/": PageAnswer(200, "Log in"), "/up": PageAnswer(200, "ok")}
    )

    assert _problems(pages, Page("/", 200, "Log in"), Page("/up", 200)) == ["", ""]
    assert [[row.path for row in rows] for rows in pages.asked] == [
        ["/", "/up"],
        ["/login/?next=/"],
    ]


@pytest.mark.parametrize("page", [Page("/", 302), Page("/", 200, redirects=False)])
def test_a_first_answer_that_is_wanted_is_not_followed(page: Page) -> None:
    """A status that is a redirect is that of the first answer; health is never somewhere else."""
    pages = Pages({"/": LOGIN})

    (problem,) = _problems(pages, page)

    assert problem == ("" if page.status == 302 else "/ answers 302, not 200")
    assert len(pages.asked) == 1


@pytest.mark.parametrize(
    ("location", "path"),
    [
        ("/a", "/a"),
        ("b?x=1#y", "/in/b?x=1"),
        ("http://shop.test:8080/a", "/a"),
        ("http://SHOP.test/a b", "/a%20b"),
        ("//shop.test:8080", "/"),
        ("/a\r\nX-Evil: 1", "/aX-Evil:%201"),
        ("/\u00e4", "/%C3%A4"),
        ("http://shop.test:9/a", None),
        ("http://shop.test.evil/a", None),
        ("http://shop.test:8080@evil/a", None),
        ("http://evil@shop.test/a", None),
        ("ftp://shop.test:8080/a", None),
        ("http://[::1/a", None),
        ("http://shop.test:x/a", None),
        ("/" + "a" * 5000, None),
    ],
)
def test_only_the_own_host_is_asked(location: str, path: str | None) -> None:
    """Another host is not the release's; what a release writes becomes a line of a request."""
    found = page_redirects._next(PageRequest("/in/"), PageAnswer(302, location=location), HOST)

    assert (found.path if found else None) == path


def test_a_redirect_to_another_host_is_an_answer() -> None:
    """It is below 500, and is not followed."""
    pages = Pages({"/": PageAnswer(301, location="https://sso.example/")})

    assert _problems(pages, Page("/"), Page("/", 200)) == ["", "/ answers 301, not 200"]


def test_a_circle_ends() -> None:
    """A release that always redirects serves no page."""
    pages = Pages({"/": PageAnswer(301, location="/")})

    assert _problems(pages, Page("/")) == ["/ redirects more than 10 times, now to /"]
    assert len(pages.asked) == 11


def test_a_page_that_wants_tls_is_asked_as_if_tls_ended_before_it() -> None:
    """From the proxy's container that is a header; behind the proxy the redirect is the answer."""
    pages = Pages({"/": PageAnswer(301, location="https://shop.test/")})

    def secure(requests: Sequence[PageRequest]) -> list[PageAnswer]:
        pages(requests)
        return [
            PageAnswer(500) if row.scheme == "https" else pages.answers["/"] for row in requests
        ]

    (inside,) = page_redirects.problems([Page("/")], secure, HOST, "http", both_schemes=True)
    assert inside == "/ answers 500"
    assert _problems(pages, Page("/"), both_schemes=False) == [""]


def test_cookies_go_with_the_redirect() -> None:
    """A page that sets its language and comes back to itself is no circle."""
    first = PageAnswer(302, location="/", cookies=(("lang", "en"),))

    def ask(requests: Sequence[PageRequest]) -> list[PageAnswer]:
        return [PageAnswer(200) if row.cookies else first for row in requests]

    found = page_redirects.problems([Page("/", 200)], ask, HOST, "http", both_schemes=True)

    assert found == [""]


def test_cookies_without_an_end_are_left_out() -> None:
    """A line of a request has a bound."""
    answer = PageAnswer(302, location="/", cookies=(("a", "b" * 5000),))

    then = page_redirects._next(PageRequest("/"), answer, HOST)

    assert then == PageRequest("/")
