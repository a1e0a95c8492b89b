"""A message as an e-mail, and as the signed JSON of a webhook. Pure."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import html
import json
from email.message import EmailMessage
from email.utils import format_datetime

from towpath.operations.notify.chat_messages import safe_links
from towpath.operations.notify.notice import Notice

SUBJECT = 150  # letters
AT = "%Y-%m-%dT%H:%M:%SZ"


def email(notice: Notice, sender: str, recipients: tuple[str, ...]) -> EmailMessage:
    """Return the message as text and HTML; texts of others are no markup and no header."""
    found = EmailMessage()
    project = f"[{notice.project}] " if notice.project else ""
    found["Subject"] = f"{project}{notice.title}"[:SUBJECT]
    found["From"], found["To"] = sender, ", ".join(recipients)
    found["Date"] = format_datetime(dt.datetime.strptime(notice.at, AT).replace(tzinfo=dt.UTC))
    # Source: RFC 3834: nobody answers such a message by itself.
    found["Auto-Submitted"] = "auto-generated"
    found.set_content(as_text(notice))
    found.add_alternative(as_html(notice), subtype="html")
    return found


def as_text(notice: Notice) -> str:
    """Return the message as plain lines."""
    rows = [notice.title, "", *(f"{label}: {text}" for label, text in notice.facts)]
    rows += [f"- {row}" for row in notice.gates]
    rows += [notice.error] if notice.error else []
    rows += [*notice.lines, *(f"{row.label}: {row.url}" for row in notice.links)]
    return "\n".join(rows) + "\n"


def as_html(notice: Notice) -> str:
    """Return the message as a small page without styles, pictures or scripts."""
    facts = "".join(
        f"<tr><th align='left'>{html.escape(label)}</th><td>{html.escape(text)}</td></tr>"
        for label, text in notice.facts
    )
    rows = "".join(f"<li>{html.escape(row)}</li>" for row in notice.gates)
    lines = "".join(f"<p>{html.escape(row)}</p>" for row in notice.lines)
    error = f"<pre>{html.escape(notice.error)}</pre>" if notice.error else ""
    links = " ".join(
        f'<a href="{html.escape(row.url)}">{html.escape(row.label)}</a>'
        for row in safe_links(notice.links)
    )
    return (
        f"<!doctype html><html><body><h2>{html.escape(notice.title)}</h2>"
        f"<table>{facts}</table><ul>{rows}</ul>{error}{lines}<p>{links}</p></body></html>"
    )


def webhook(notice: Notice) -> bytes:
    """Return the message as the body of a webhook."""
    return json.dumps({"schema": "1", **notice.as_json()}, sort_keys=True).encode()


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """Return what proves who sent a body and when: HMAC-SHA256 of the time, a dot and the body.

    `timestamp` is in seconds since 1970, UTC; a receiver refuses one that is minutes old.
    """
    signed = str(timestamp).encode() + b"." + body
    return "sha256=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
