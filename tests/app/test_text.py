"""Foreign text on a terminal and on a page: what is not seen is spelt out."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from gunicorn.config import Config  # type: ignore[import-untyped,unused-ignore]

from config.access import VisibleLogger
from config.text import visible
from releases.models import Release, Run, StageResult
from tests.app.reports import passed, report

Send = Callable[..., Any]


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("main", "main"),
        ("größer/größer ✅ \u00a0", "größer/größer ✅ \u00a0"),
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("\x9b31m", r"\x9b31m"),
        ("a\nb\rc\td", r"a\nb\rc\td"),
        ("a\0b\x7f", r"a\x00b\x7f"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("\u2066x\u2069 \u200b\ufeff", r"\u2066x\u2069 \u200b\ufeff"),
        ("\u2028", r"\u2028"),
        ("\ud800", r"\ud800"),
        ("\U000e0041", r"\U000e0041"),
        ("👩\u200d💻", "👩\u200d💻"),
    ],
)
def test_what_is_not_seen_is_spelt_out(text: str, seen: str) -> None:
    """Controls, turns of direction, invisible tags; letters of every script stay."""
    assert visible(text) == seen


def test_lines_may_stay() -> None:
    """What a tool said has lines, and nothing else that a terminal obeys."""
    assert visible("a\n\tb\x1b[2J", keep="\n\t") == "a\n\tb\\x1b[2J"


@pytest.mark.django_db
@pytest.mark.parametrize("sign", ["\u202e", "\u2066", "\u200b"])
def test_a_page_shows_what_is_hidden_in_a_name(send: Send, client: Client, sign: str) -> None:
    """Branch, version, reason and facts look like what they are."""
    sent = report(
        branch=f"a{sign}b",
        version=f"c{sign}d",
        stages={"custom": passed(reason=f"e{sign}f", **{f"g{sign}h": f"i{sign}j"})},
    )
    assert send(sent).status_code == 202
    pages = client.get("/").content.decode() + client.get(f"/runs/{sent['run']}/").content.decode()
    spelt = sign.encode("unicode_escape").decode()

    assert sign not in pages
    for ends in ("ab", "cd", "ef", "gh", "ij"):
        assert spelt.join(ends) in pages


@pytest.mark.django_db
@pytest.mark.parametrize("field", ["branch", "version"])
@pytest.mark.parametrize("text", ["\x1b[31m", "a\nb", "a\r", "\x9b", "a\x7f", "main\n"])
def test_a_control_character_in_a_name_is_no_report(send: Send, field: str, text: str) -> None:
    """Names are one line; git knows no others."""
    answer = send(report(**{field: text}))

    assert answer.status_code == 422
    assert answer.json()["problems"][0]["path"] == field


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["lint\n", "a\x1b", "a\n"])
def test_a_control_character_in_a_key_is_no_report(send: Send, name: str) -> None:
    """Neither in the name of a stage nor in that of a fact, however deep."""
    for stages in ({name: passed()}, {"a": passed(**{name: 1})}, {"a": passed(x=[{name: 1}])}):
        assert send(report(stages=stages)).status_code == 422


def test_rows_write_themselves_for_a_terminal() -> None:
    """What manage.py prints of a row is obeyed by no terminal."""
    bad = "1\x1b[2J"

    assert str(Run(version=bad, status="passed")) == r"1\x1b[2J passed"
    assert str(Release(digest="sha256:x", version=bad)) == r"1\x1b[2J"
    assert str(StageResult(name=bad, status="failed")) == r"1\x1b[2J failed"


@pytest.mark.django_db
def test_what_manage_writes_of_reports_is_escaped(send: Send) -> None:
    """dumpdata writes JSON, in which every control character is an escape."""
    assert send(report(stages={"custom": passed(reason="a\x1b[2J\u202e<b>")})).status_code == 202
    out = io.StringIO()
    call_command("dumpdata", "releases", stdout=out)

    assert "\x1b" not in out.getvalue()
    assert r"a\u001b[2J" in out.getvalue()


def test_an_access_line_is_obeyed_by_no_terminal() -> None:
    """What clients write into addresses and headers is spelt out in gunicorn's log."""
    environ = {
        "REQUEST_METHOD": "GET",
        "RAW_URI": "/\x1b[2J",
        "PATH_INFO": "/a\nb",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_USER_AGENT": "\x1b]0;title\x07",
        "HTTP_REFERER": "\x9b31m",
    }
    response = SimpleNamespace(status="200 OK", sent=5, headers=[("X", "\x1b")])
    request = SimpleNamespace(headers=[("USER-AGENT", "\x1b]0;title\x07")])
    took = SimpleNamespace(seconds=0, microseconds=1)
    logger = VisibleLogger(Config())
    atoms = logger.atoms(response, request, environ, took)
    for handler in logging.getLogger("gunicorn.error").handlers:
        handler.close()

    assert atoms["r"] == r"GET /\x1b[2J HTTP/1.1"
    assert (atoms["a"], atoms["f"], atoms["U"]) == (r"\x1b]0;title\x07", r"\x9b31m", r"/a\nb")
    assert not [value for value in atoms.values() if re.search(r"[\x00-\x1f\x7f-\x9f]", str(value))]
