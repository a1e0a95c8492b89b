"""What an attacker may send to the API and to the pages: refused or kept as text, never obeyed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection
from django.test import Client
from pytest_django import Settings

from releases.models import Receipt, Run, StageResult
from tests.app.reports import TOKEN, Report, bend, digest, passed, report

Send = Callable[..., Any]
pytestmark = pytest.mark.django_db

SQL = ("' OR '1'='1", "'; DROP TABLE releases_run; --", '" UNION SELECT 1 --', "%s%(x)s{0}")
ENDS = ("/", "/api/runs/")


def nothing_is_kept() -> bool:
    """Tell whether neither a receipt nor a run was written."""
    return Receipt.objects.count() == Run.objects.count() == 0


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": TOKEN},
        {"Authorization": f"Token {TOKEN}"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": f"Bearer {TOKEN} {TOKEN}"},
        {"Authorization": f"Bearer  {TOKEN}"},
        {"Authorization": f"Bearer {TOKEN.upper()}"},
        {"Authorization": "Bearer \u00e9\u00ff"},
        {"Authorization": "Bearer"},
        {"X-Authorization": f"Bearer {TOKEN}"},
        {"Cookie": f"token={TOKEN}; sessionid={TOKEN}"},
    ],
)
def test_the_token_counts_in_its_one_place_only(client: Client, headers: dict[str, str]) -> None:
    """Another scheme, another header and a cookie open nothing."""
    answer = client.post(
        "/api/runs/", json.dumps(report()), content_type="application/json", headers=headers
    )

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Bearer"
    assert nothing_is_kept()


@pytest.mark.parametrize("name", ["token", "access_token", "Authorization"])
def test_a_token_in_the_address_opens_nothing(client: Client, name: str) -> None:
    """Addresses end in logs."""
    answer = client.post(
        f"/api/runs/?{name}={TOKEN}", json.dumps(report()), content_type="application/json"
    )

    assert answer.status_code == 401
    assert nothing_is_kept()


def test_what_a_form_of_another_site_can_send_is_no_report(client: Client) -> None:
    """Even with the token a form's encodings are not read."""
    whole = json.dumps(report())
    for kind in (
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
    ):
        answer = client.post(
            "/api/runs/", whole, content_type=kind, headers={"Authorization": f"Bearer {TOKEN}"}
        )
        assert answer.status_code == 415, kind
    assert nothing_is_kept()


DEEP = "[" * 200_000 + "]" * 200_000


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b" ", 400),
        (b"\0", 400),
        (DEEP.encode(), 400),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, 400),
        (json.dumps(report()).encode("utf-16"), 400),
        (json.dumps(report()).encode("utf-32"), 400),
        (b"\xef\xbb\xbf" + json.dumps(report()).encode(), 400),
        (json.dumps(report(branch="\u00e9"), ensure_ascii=False).encode("latin-1"), 400),
        (json.dumps(report(branch="\ud800")).encode(), 400),
        (json.dumps(report(branch="a\0b")).encode(), 400),
        (json.dumps(report())[:-1].encode(), 400),
        (json.dumps(report()).encode() * 2, 400),
        (json.dumps(bend(report(), "duration", 10**400)).encode(), 400),
        (b'{"duration": 1e400}', 400),
        (b"9" * 5000, 400),
        (b"null", 422),
        (b"[]", 422),
        (b'"report"', 422),
        (b"{}", 422),
    ],
    ids=range(19),
)
def test_a_malformed_body_is_refused(send: Send, body: bytes, code: int) -> None:
    """Depth, encodings, halves and what no database keeps; and nothing is written or queued."""
    assert send(body).status_code == code
    assert nothing_is_kept()


def test_an_oversized_body_is_refused_unread(send: Send, settings: Settings) -> None:
    """With 413, however well it is made."""
    sent = report(stages={"custom": passed(reason="x" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE)})

    assert send(sent).status_code == 413
    assert nothing_is_kept()


@pytest.mark.parametrize(
    "stage",
    [
        passed(image_size=10**15, coverage=10**15, saved=1e9, sizes={"a": 10**15}),
        passed(image_size="x", coverage="y", saved=1, sizes=[1, "x", None]),
        passed(coverage=True, image_size=None, sizes={}, more={"": {"": []}}),
        passed(**{"": 1, "\u202e": "\u202e", "a" * 200: 1}),
    ],
    ids=["huge", "other types", "nothing", "odd names"],
)
def test_facts_of_any_kind_can_be_shown(send: Send, client: Client, stage: Report) -> None:
    """What was taken never makes a page fall over."""
    sent = report(stages={"custom": stage})

    assert send(sent).status_code == 202
    for path in ("/", f"/runs/{sent['run']}/"):
        assert client.get(path).status_code == 200


TEXTS = {
    "branch": lambda text: report(branch=text),
    "version": lambda text: report(version=text),
    "reason": lambda text: report(stages={"custom": passed(reason=text)}),
    "fact": lambda text: report(stages={"custom": passed(fact=text)}),
    "name of a fact": lambda text: report(stages={"custom": {**passed(), text: 1}}),
}
PATTERNS = {
    "run": lambda text: report(run=text),
    "timestamp": lambda text: report(timestamp=text),
    "commit": lambda text: report(commit=text),
    "status": lambda text: report(status=text),
    "schema": lambda text: report(schema=text),
    "name of a stage": lambda text: report(stages={text: passed()}),
    "digest": lambda text: report(stages={"build": {**passed(), "digest": text}}),
    "tag": lambda text: report(stages={"promote-test": passed(digest=digest("a"), tag=text)}),
    "environment": lambda text: report(
        stages={"deploy": passed(digest=digest("a"), environment=text)}
    ),
    "name of a field": lambda text: report(**{text: 1}),
}


@pytest.mark.parametrize("attack", SQL)
@pytest.mark.parametrize("field", TEXTS)
def test_sql_in_a_text_stays_text(send: Send, client: Client, field: str, attack: str) -> None:
    """It is kept to the letter, it is shown, and every table is still there."""
    sent = TEXTS[field](attack)

    assert send(sent).status_code == 202
    assert client.get(f"/runs/{sent['run']}/").status_code == 200
    kept = Run.objects.get()
    *_, stage = StageResult.objects.filter(run=kept).order_by("position")
    texts = (kept.branch, kept.version, stage.reason, *stage.facts, *stage.facts.values())
    assert attack in texts
    assert {"releases_run", "releases_receipt"} <= set(connection.introspection.table_names())


@pytest.mark.parametrize("attack", SQL)
@pytest.mark.parametrize("field", PATTERNS)
def test_sql_in_any_other_field_is_no_report(send: Send, field: str, attack: str) -> None:
    """Ids, times, hashes and names have a form, and the answer names the place."""
    answer = send(PATTERNS[field](attack))

    assert answer.status_code == 422
    assert answer.json()["problems"]
    assert nothing_is_kept()


@pytest.mark.parametrize("attack", [*SQL, "1 OR 1=1", "-1", "1e3", "\u0661", "../1", "", "9" * 50])
def test_sql_in_a_parameter_finds_no_page(client: Client, attack: str) -> None:
    """The one parameter that a page reads is a number; others change nothing."""
    assert client.get("/", {"page": attack}).status_code == 404
    assert client.get("/", {"order": attack, "q": attack}).status_code == 200


MARKUP = "</dd><script>alert(1)</script><a href='javascript:x' onclick=x>"


@pytest.mark.parametrize("field", TEXTS)
def test_markup_in_a_text_is_shown_escaped(send: Send, client: Client, field: str) -> None:
    """On the page of the run and on the overview."""
    sent = TEXTS[field](MARKUP)
    assert send(sent).status_code == 202

    for path in ("/", f"/runs/{sent['run']}/"):
        page = client.get(path).content.decode()
        assert "<script" not in page
        assert "javascript:x'" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize("path", [f"/{quote(MARKUP)}/", f"/runs/{quote(MARKUP)}/"])
def test_markup_in_an_address_is_not_repeated(client: Client, path: str) -> None:
    """The page of what is not found shows nothing of what was asked."""
    page = client.get(path)

    assert page.status_code == 404
    assert "<script" not in page.content.decode()


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example",
        "//evil.example/runs",
        "/\\evil.example",
        "/%2f%2fevil.example",
        "/runs/00000000-0000-0000-0000-000000000000",
        "/?next=//evil.example",
        "/?page=1&url=https://evil.example",
    ],
)
def test_nobody_is_sent_to_another_site(client: Client, path: str) -> None:
    """A redirect, where there is one at all, stays on this site."""
    answer = client.get(path)
    goal = answer.headers.get("Location", "/")

    assert answer.status_code in (200, 301, 404)
    assert goal.startswith("/")
    assert not goal.startswith(("//", "/\\"))
    assert "evil.example" not in answer.content.decode()


@pytest.mark.parametrize(
    "name", ["X-Forwarded-Host", "X-Host", "X-Original-URL", "X-Rewrite-URL", "Forwarded"]
)
def test_a_header_names_neither_our_host_nor_another_path(client: Client, name: str) -> None:
    """Only the Host header counts, and only hosts that are configured."""
    answer = client.get(
        "/runs/00000000-0000-0000-0000-000000000000", headers={name: "evil.example"}
    )
    page = client.get("/", headers={name: "/evil.example"})

    assert "evil.example" not in answer.headers.get("Location", "")
    assert page.status_code == 200
    assert "evil.example" not in page.content.decode()


def test_a_foreign_host_is_not_sent_to_https_on_itself(client: Client, settings: Settings) -> None:
    """The host is checked before the redirect is written."""
    settings.SECURE_SSL_REDIRECT = True

    answer = client.get("/", headers={"Host": "evil.example"})

    assert answer.status_code == 400
    assert "Location" not in answer.headers


@pytest.mark.parametrize("header", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"])
def test_a_header_does_not_change_the_method(client: Client, header: str) -> None:
    """A GET stays one, whatever it says it is."""
    body = json.dumps(report())
    answer = client.generic(
        "GET",
        "/api/runs/?_method=POST",
        body,
        content_type="application/json",
        headers={header: "POST", "Authorization": f"Bearer {TOKEN}"},
    )

    assert answer.status_code == 405
    assert nothing_is_kept()


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "FOO"])
@pytest.mark.parametrize("path", ENDS)
def test_an_odd_method_is_not_allowed(client: Client, method: str, path: str) -> None:
    """Methods that nobody needs are answered with 405."""
    assert client.generic(method, path).status_code == 405


@pytest.mark.parametrize("path", ENDS)
@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
def test_no_other_site_may_read_an_answer(client: Client, path: str, origin: str) -> None:
    """No answer invites another origin, and no cookie is ever set."""
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    for answer in (client.get(path, headers=asked), client.options(path, headers=asked)):
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert not answer.cookies
