"""E-mail: the message as text and HTML, and its delivery by SMTP."""

from __future__ import annotations

import datetime as dt
import html
from email.message import EmailMessage
from email.utils import format_datetime

from towpath.config import Config
from towpath.config.notify import NotifyTarget
from towpath.operations.notify import mail_delivery, settings
from towpath.operations.notify.http_delivery import Attempted
from towpath.operations.notify.notice import Notice, safe_links

SUBJECT = 150  # letters
AT = "%Y-%m-%dT%H:%M:%SZ"


def send(config: Config, target: NotifyTarget, message: Notice) -> Attempted:
    """Deliver a message to all recipients, and return how that ended."""
    mail = email_message(message, target.sender, target.recipients)
    return mail_delivery.send(target, settings.secret(config, target, "password"), mail)


def email_message(notice: Notice, sender: str, recipients: tuple[str, ...]) -> EmailMessage:
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
