"""Secrets are hidden in each form that tools write them in, and ordinary words are not."""

from __future__ import annotations

import base64
import html
import json
import re
import shlex
from urllib.parse import quote, quote_plus

import pytest

from towpath.core.redaction import Lines, Redactor, is_secret_name

SECRET = 'p/a+ss "w0rd"&<é>\'1'
PEM = (
    "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\nshort\n"
    "AQEFAASCBKcwggSjAgEAAoIB\n-----END KEY-----"
)


@pytest.mark.parametrize(
    "written",
    [
        SECRET,
        json.dumps(SECRET)[1:-1],
        json.dumps(SECRET, ensure_ascii=False)[1:-1],
        json.dumps(json.dumps(SECRET)[1:-1])[1:-1],
        repr(SECRET)[1:-1],
        quote(SECRET, safe=""),
        quote(SECRET),
        quote_plus(SECRET),
        quote(SECRET, safe="").lower(),
        html.escape(SECRET),
        html.escape(SECRET, quote=False),
        shlex.quote(SECRET)[1:-1],
        SECRET.encode().hex(),
    ],
)
def test_each_form_is_hidden(written: str) -> None:
    """As the tools around write it: JSON, Python, URL, XML, a shell."""
    assert Redactor([SECRET]).text(f"before {written} after") == "before *** after"


@pytest.mark.parametrize(
    ("before", "after", "left"),
    [
        ("", "", ("", "E=")),
        ("user:", "", ("dXNlcjp", "Q==")),
        ("ab:", "", ("YWI6", "E=")),
        ("a:", " and more", ("YTp", "SBhbmQgbW9yZQ==")),
    ],
)
def test_base64_is_hidden_but_for_what_its_neighbours_say(
    before: str, after: str, left: tuple[str, str]
) -> None:
    """A Basic header has a user before the password; either alphabet."""
    content = f"{before}{SECRET}{after}".encode()
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        shown = Redactor([SECRET]).text(encode(content).decode())

        assert re.fullmatch(r"[\w+/-]{0,8}\*\*\*[\w+/-]{0,16}=*", shown), shown
        assert shown == "***".join(left)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\n    "])
def test_a_secret_that_is_broken_over_lines_is_hidden(end: str) -> None:
    """As base64 wraps its lines, and as a narrow table folds its cells."""
    secret = "0123456789abcdef0123456789abcdef"
    broken = f"{secret[:10]}{end}{secret[10:20]}{end}{secret[20:]}"

    assert Redactor([secret]).text(f"a {broken} b") == "a *** b"


def test_the_lines_of_a_long_secret_are_secrets() -> None:
    """Those that say something: not its first and last line, nor a short one."""
    hidden = Redactor([PEM])

    assert hidden.text("x MIIEvQIBADANBgkqhkiG9w0B y") == "x *** y"
    assert hidden.text("AQEFAASCBKcwggSjAgEAAoIB") == "***"
    assert hidden.text("-----BEGIN KEY----- short") == "-----BEGIN KEY----- short"
    assert hidden.text(f"<{PEM}>") == "<***>"


@pytest.mark.parametrize("word", ["", "abc1", "postgres", "Production", "TRUE", "1234567", "8.0.1"])
def test_a_word_is_no_secret(word: str) -> None:
    """To hide it would make the output unreadable, and keep nothing."""
    assert Redactor([word]).text(f"a {word} b") == f"a {word} b"


def test_the_password_in_a_url_is_hidden_though_nobody_named_it() -> None:
    """With its user; a URL without one stays."""
    text = "https://me:hunter2@host/x https://host/a@b postgres://u:p%40ss@db:5432/x"

    assert Redactor().text(text) == ("https://***@host/x https://host/a@b postgres://***@db:5432/x")


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("GITHUB_TOKEN", True),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", True),
        ("PGPASSWORD", True),
        ("DJANGO_SECRET_KEY", True),
        ("SECRET", True),
        ("API_KEY_2", True),
        ("OPENAI_APIKEY", True),
        ("SENTRY_DSN", True),
        ("SLACK_WEBHOOK_URL", True),
        ("Aws_Secret_Access_Key", True),
        ("AUTHOR", False),
        ("MONKEY", False),
        ("TOKEN_URL", False),
        ("DATABASE_PASSWORD_FILE", False),
        ("SSH_AUTH_SOCK", False),
        ("PATH", False),
    ],
)
def test_a_name_says_whether_its_value_is_secret(name: str, secret: bool) -> None:
    """By its words, in any case."""
    assert is_secret_name(name) is secret


def test_the_secrets_of_an_environment_are_hidden() -> None:
    """By name, in a URL, and in Docker's own variable."""
    auth = base64.b64encode(b"me:in-auth-1").decode()
    auths = {"r1": {"auth": auth}, "r2": {"username": "u", "password": "in-auths-2"}}
    hidden = Redactor()
    hidden.hide_environment(
        {
            "GITHUB_TOKEN": "ghs_abc123",
            "DATABASE_URL": "postgres://u:in-url-3@db/x",
            "DOCKER_AUTH_CONFIG": json.dumps({"auths": auths}),
            "HOME": "/home/somebody",
            "BROKEN_URL": "http://[x@y",
        }
    )

    shown = hidden.text(f"ghs_abc123 in-url-3 in-auth-1 in-auths-2 {auth} /home/somebody")

    assert shown == "*** *** *** *** *** /home/somebody"


@pytest.mark.parametrize("text", ["", "[]", '{"auths": 3}', '{"auths": {"r": 3}}', "[" * 9999])
def test_auths_that_are_none_are_no_error_here(text: str) -> None:
    """The reader of the settings says what is wrong with them."""
    hidden = Redactor()
    hidden.hide_environment({"DOCKER_AUTH_CONFIG": text})

    assert hidden.text("auths") == "auths"


def test_documents_and_files_are_redacted_wherever_the_secret_stands() -> None:
    """Keys, lists in lists, and bytes that are no text; without a secret nothing is made anew."""
    hidden = Redactor(["s3cret-value"])
    document = {"a s3cret-value": [1, None, ("x s3cret-value",)], "b": True}
    plain = {"a": (1, 2)}

    assert hidden.document(document) == {"a ***": [1, None, ["x ***"]], "b": True}
    assert hidden.document(plain) is plain
    assert hidden.content(b"\xff s3cret-value") == b"\xff ***"
    assert hidden.content("é s3cret-value".encode()) == "é ***".encode()


def test_a_line_that_ends_within_a_secret_waits_for_the_next() -> None:
    """So that a stream shows neither half; other lines go on at once."""
    lines = Lines(Redactor(["0123456789abcdef"]))

    assert list(lines.feed("plain")) == ["plain"]
    assert list(lines.feed("x 0123456789")) == []
    assert list(lines.feed("abcdef y")) == ["x *** y"]
    assert list(lines.feed("z 01234567")) == []
    assert list(lines.flush()) == ["z 01234567"]
    assert list(lines.flush()) == []
