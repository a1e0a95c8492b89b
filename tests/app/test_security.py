"""Attacks and careless clients: each gets an answer, none gets anywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.test import Client, RequestFactory
from pytest_django import Settings

from config.middleware import POLICY
from releases import storage
from releases.models import Receipt, Run
from tests.app.reports import TOKEN, report

Send = Callable[..., Any]
pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/", "/nowhere/", "/api/runs/", "/static/dashboard.css"])
def test_every_answer_carries_the_headers(client: Client, path: str) -> None:
    """Pages, errors, the API and static files are all fenced in."""
    response = client.get(path)
    headers = response.headers
    response.close()

    assert headers["Content-Security-Policy"] == POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
def test_a_probe_is_fenced_in_too(client: Client, path: str) -> None:
    """Though it is answered before all else, whatever Host it comes with."""
    response = client.get(path, headers={"Host": "evil.example"})

    assert response["Content-Security-Policy"] == POLICY
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "evil.example" not in response.content.decode()


def test_the_policy_lets_nothing_be_loaded_from_elsewhere() -> None:
    """No script at all, and no inline style."""
    assert "default-src 'none'" in POLICY
    assert "script-src" not in POLICY
    assert "unsafe" not in POLICY
    assert "frame-ancestors 'none'" in POLICY


def test_the_page_needs_nothing_that_the_policy_forbids(client: Client) -> None:
    """No script, no inline style, no address of another host."""
    storage.store(report())
    page = client.get("/").content.decode()

    assert not [
        bad for bad in ("<script", "<style", " style=", "http://", "https://") if bad in page
    ]
    assert client.get("/").headers["X-Frame-Options"] == "DENY"


def test_the_debug_page_keeps_its_style(client: Client, settings: Settings) -> None:
    """Django's own pages, shown in development alone, need inline styles."""
    settings.DEBUG = True

    assert "Content-Security-Policy" not in client.get("/nowhere/").headers
    assert client.get("/").headers["Content-Security-Policy"] == POLICY


def test_plain_http_is_sent_to_https_and_https_is_remembered(
    client: Client, settings: Settings
) -> None:
    """Where TLS ends at the proxy, its header tells the two apart."""
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_HSTS_SECONDS = 1000
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    plain = client.get("/")
    secure = client.get("/", headers={"X-Forwarded-Proto": "https"})

    assert (plain.status_code, plain["Location"]) == (301, "https://testserver/")
    assert secure.status_code == 200
    assert secure["Strict-Transport-Security"] == "max-age=1000; includeSubDomains"
    assert "Strict-Transport-Security" not in plain


@pytest.mark.parametrize("host", ["evil.example", "testserver.evil.example", "testserver@evil", ""])
def test_a_foreign_host_is_refused(client: Client, host: str) -> None:
    """No link of this site can be made to point elsewhere."""
    assert client.get("/", headers={"Host": host or " "}).status_code == 400


def test_another_site_cannot_post_for_a_browser() -> None:
    """A form has no token to show, and a view that forgets to ask is guarded by CSRF."""
    browser = Client(enforce_csrf_checks=True)
    form = browser.post("/api/runs/", {"run": "x"}, headers={"Origin": "https://evil.example"})

    def careless(request: Any) -> HttpResponse:
        return HttpResponse("done")

    request = RequestFactory().post("/", {"a": 1})
    refusal = CsrfViewMiddleware(careless).process_view(request, careless, (), {})

    assert form.status_code == 401
    assert refusal is not None
    assert refusal.status_code == 403
    assert Receipt.objects.count() == 0


def test_csrf_protection_is_on(settings: Settings) -> None:
    """The middleware that guards a careless view is installed."""
    assert "django.middleware.csrf.CsrfViewMiddleware" in settings.MIDDLEWARE


MARKUP = '"><script>alert(1)</script><img src=x onerror=alert(1)>'


@pytest.mark.parametrize("field", ["branch", "version"])
def test_markup_in_a_report_stays_text(send: Send, client: Client, field: str) -> None:
    """A branch may be named like an attack and is shown as its name."""
    sent = report(**{field: MARKUP})

    assert send(sent).status_code == 202
    for path in ("/", f"/runs/{sent['run']}/"):
        page = client.get(path).content.decode()
        assert "<script" not in page
        assert "<img src=x" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_markup_in_a_stage_stays_text(send: Send, client: Client) -> None:
    """Reasons and facts, their names included, are escaped like all else."""
    stage = {"status": "failed", "duration": 1, "reason": MARKUP, MARKUP: {MARKUP: [MARKUP]}}
    sent = report(stages={"custom": stage}, status="failed")
    code = send(sent).status_code
    page = client.get(f"/runs/{sent['run']}/").content.decode()

    assert code == 202
    assert page.count("&lt;script&gt;") == 4
    assert "<script" not in page


INJECTION = "'; DROP TABLE releases_run; --"


def test_sql_in_a_report_stays_text(send: Send) -> None:
    """Values never become part of a statement."""
    send(report(branch=INJECTION))

    assert Run.objects.get().branch == INJECTION


@pytest.mark.parametrize(
    "path",
    [
        f"/runs/{INJECTION}/",
        "/runs/1 OR 1=1/",
        "/runs/..%2f..%2fetc%2fpasswd/",
        "/static/../config/settings.py",
        "/static/%2e%2e/config/settings.py",
        "/static/..%2f..%2f..%2fetc%2fpasswd",
        "/static//etc/passwd",
        "/static/dashboard.css%00.py",
        "/manage.py",
        "/var/db.sqlite3",
    ],
)
def test_no_address_leads_out_of_the_site(client: Client, path: str) -> None:
    """Addresses with statements or steps upwards in them are not found."""
    response = client.get(path)

    assert response.status_code == 404
    assert b"SECRET_KEY" not in b"".join(response)


def test_static_files_are_served(client: Client) -> None:
    """The one stylesheet comes from this site, with its type."""
    response = client.get("/static/dashboard.css")
    style = b"".join(response)
    response.close()

    assert response["Content-Type"] == 'text/css; charset="utf-8"'
    assert b"prefers-color-scheme: dark" in style


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
@pytest.mark.parametrize("path", ["/", "/runs/00000000-0000-0000-0000-000000000000/"])
def test_pages_only_read(client: Client, method: str, path: str) -> None:
    """Nothing on a page can be changed."""
    assert getattr(client, method)(path).status_code == 405


def test_the_token_is_nowhere_to_be_seen(
    send: Send, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither answers nor logs repeat it."""
    wrong = send(report(), token="not-this-one")
    taken = send(report())

    assert (wrong.status_code, taken.status_code) == (401, 202)
    for said in (wrong.content, taken.content, client.get("/").content, caplog.text.encode()):
        assert TOKEN.encode() not in said
        assert b"not-this-one" not in said
