"""What a request makes the site do before it is known to be welcome: nothing is read or kept."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.exceptions import SuspiciousOperation
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client, RequestFactory
from pytest_django import Settings

from config.uploads import RefuseUploads
from config.wsgi import application
from tests.app.reports import TOKEN, report

Send = Callable[..., Any]
pytestmark = pytest.mark.django_db

RUN = "/runs/00000000-0000-0000-0000-000000000000/"
FORM = "multipart/form-data; boundary=x"
LENGTH = 900_000


class Unread(io.RawIOBase):
    """A body that must not be read: whoever waits for it waits for the client."""

    def readable(self) -> bool:
        """Say yes, as a socket does."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fail the test."""
        raise AssertionError("a byte of the body was read")


def ask(method: str, path: str, *, kind: str = FORM, authorization: str = "", **more: Any) -> int:
    """Ask as gunicorn does, with a body that never comes; return the status."""
    environ = RequestFactory().generic(method, path).environ | {
        "wsgi.input": io.BufferedReader(Unread()),
        "CONTENT_TYPE": kind,
        "CONTENT_LENGTH": str(LENGTH),
        **more,
    }
    if authorization:
        environ["HTTP_AUTHORIZATION"] = authorization
    said: list[str] = []

    def start(status: str, *_: Any) -> Callable[[bytes], object]:
        said.append(status)
        return said.__contains__

    with kept_connections():
        answer = application(environ, start)
        answer.close()
    return int(said[0].split()[0])


@contextmanager
def kept_connections() -> Iterator[None]:
    """Leave the database of the test open: a request closes what another one left."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in signals:
            signal.connect(close_old_connections)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "FOO"])
@pytest.mark.parametrize("path", ["/", RUN, "/nowhere/", "/api/runs", "/static/dashboard.css"])
def test_a_method_that_a_page_has_not_is_refused_unread(method: str, path: str) -> None:
    """No form is parsed, and no upload gets to the disk, whether the page exists or not."""
    assert ask(method, path) == 405


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
def test_a_probe_reads_no_body(path: str) -> None:
    """Neither where it refuses the method nor where it answers."""
    assert ask("POST", path) == 405
    assert ask("GET", "/health/live") == 200


@pytest.mark.parametrize("kind", [FORM, "application/x-www-form-urlencoded", "application/json"])
@pytest.mark.parametrize("authorization", ["", "Bearer wrong", f"Basic {TOKEN}"])
def test_a_report_is_not_read_before_its_sender_is_known(kind: str, authorization: str) -> None:
    """401 comes before the first byte of a body, however it calls itself."""
    assert ask("POST", "/api/runs/", kind=kind, authorization=authorization) == 401


def test_a_body_that_says_it_is_too_large_is_not_read(settings: Settings) -> None:
    """Not even from a sender who is known."""
    more = {"CONTENT_LENGTH": str(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)}
    known = {"kind": "application/json", "authorization": f"Bearer {TOKEN}"}

    assert ask("POST", "/api/runs/", **known, **more) == 413


def test_a_page_reads_no_body_of_a_get() -> None:
    """A GET may have one, and it is left alone."""
    assert ask("GET", RUN) == 404


@pytest.mark.parametrize(
    ("path", "allowed"), [("/", "GET, HEAD"), (RUN, "GET, HEAD"), ("/api/runs/", "POST")]
)
def test_the_refusal_names_what_a_page_takes(client: Client, path: str, allowed: str) -> None:
    """The header Allow has the methods that are declared."""
    answer = client.delete(path)

    assert (answer.status_code, answer["Allow"]) == (405, allowed)


def test_a_file_is_never_kept(settings: Settings, tmp_path: Path) -> None:
    """A view that looks at a form with a file in it gets an error, and the disk nothing."""
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    request = RequestFactory().post("/", {"file": io.BytesIO(b"x" * 4_000_000)})
    with pytest.raises(SuspiciousOperation, match="does not accept file uploads"):
        request.POST  # noqa: B018 - to look is to parse

    assert not list(tmp_path.iterdir())
    assert django_settings.FILE_UPLOAD_HANDLERS == ["config.uploads.RefuseUploads"]


def test_no_piece_of_a_file_is_taken() -> None:
    """Whichever way a form's parser asks."""
    handler = RefuseUploads()
    with pytest.raises(SuspiciousOperation):
        handler.receive_data_chunk(b"x", 0)

    handler.file_complete(1)


@pytest.mark.parametrize("length", [1, 31])
def test_a_short_token_opens_nothing_where_a_release_is_served(
    send: Send, settings: Settings, length: int
) -> None:
    """A token that can be tried out is as good as none."""
    settings.INGEST_TOKEN_SHORTEST = 32
    settings.INGEST_TOKEN = "t" * length
    answer = send(report(), token="t" * length)

    assert answer.status_code == 503
    assert answer.json()["error"] == (
        "this dashboard accepts no reports: its token is too short,"
        " set one of at least 32 characters"
    )


HOSTILE = ["/%00", "/runs/%00/", "/%ff%fe/", "/runs/%c3%28/", "/static/%00", "/static/%ff.css"]
HOSTILE += [f"/runs/{'9' * 5000}/", f"/{'a' * 7000}", "/runs/%0d%0aSet-Cookie:%20a=b/", "/%1b[31m"]


@pytest.mark.parametrize("path", HOSTILE)
def test_a_hostile_address_is_not_found(client: Client, path: str) -> None:
    """Null bytes, bad UTF-8, length, line ends and escapes make no error of ours."""
    assert client.get(path).status_code == 404


QUERIES = ["page=%00", "page=1%00", "page=%ff", "page=%c3%28", "page=" + "9" * 5000, "page=-1"]
QUERIES += [
    "page=1e9",
    "page=0x1",
    "page=%d9%a1",
    "page=1&page=%00",
    "page=999999",
    "page[]=1&page=x",
]


@pytest.mark.parametrize("query", QUERIES)
def test_a_hostile_page_number_is_not_found(client: Client, query: str) -> None:
    """Whatever is no number of a page that exists."""
    assert client.get(f"/?{query}").status_code == 404


@pytest.mark.parametrize(
    "query", ["%00", "a=%ff", "%", "=", "&&&;", "page[]=%00", "x=" + "y" * 9000]
)
def test_other_parameters_change_nothing(client: Client, query: str) -> None:
    """Nobody reads them."""
    assert client.get(f"/?{query}").status_code == 200


def test_too_many_parameters_are_a_bad_request(client: Client) -> None:
    """More than a form could have."""
    assert client.get("/?" + "a&" * 2000).status_code == 400


ODD = {
    "Range": "bytes=9999999999999999999-",
    "If-Modified-Since": "Mon, 99 Foo 99999 99:99:99 GMT",
    "If-None-Match": '"' + "x" * 5000,
    "If-Unmodified-Since": "\x00",
    "Accept-Encoding": "gzip;q=x, \x00",
    "Cookie": "csrftoken=" + "\u00ff" * 100 + "; =;;",
    "Content-Type": "application/json; charset=bogus",
    "X-Forwarded-Proto": "https, http",
    "Expect": "100-continue",
}


CHARSETS = ["zlib", "base64", "rot13", "undefined", "idna", "punycode", "utf-16", "mbcs", "bogus"]
KINDS = [f"text/plain; charset={charset}" for charset in CHARSETS]
KINDS += [
    "a/b; c*=zlib''%ff",
    "a/b; c*=bogus''x",
    "a/b; c*=x",
    "a/b; charset*=a'b'c",
    ";" * 5000,
    "\xff",
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("query", ["page=1", "x=%ff", "a&" * 2000])
def test_no_charset_of_a_request_is_an_error_of_ours(kind: str, query: str) -> None:
    """Python knows codecs that read no text; an address is UTF-8 whatever the body says."""
    many = query.startswith("a&")

    assert ask("GET", "/", kind=kind, QUERY_STRING=query) == (400 if many else 200)
    assert ask("POST", "/", kind=kind, QUERY_STRING=query) == 405
    assert ask("POST", "/api/runs/", kind=kind, QUERY_STRING=query) == 401


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("path", ["/", "/static/dashboard.css", "/health/live"])
def test_an_odd_header_is_no_error_of_ours(client: Client, path: str, name: str) -> None:
    """Every answer is one that the sender can do something with."""
    answer = client.get(path, headers={name: ODD[name]})
    answer.close()

    assert answer.status_code < 500
