"""Slack: the message as Block Kit, and its delivery to a channel's webhook.

Text of others is escaped: nobody is mentioned, and no markup in it counts. `slack_bot` posts the
same message with a bot's token, and changes it as a run goes on.
"""

from __future__ import annotations

import re
from typing import Any

from towpath.config import Config
from towpath.config.notify import NotifyTarget
from towpath.operations.notify import http_delivery, settings
from towpath.operations.notify.http_delivery import Attempted
from towpath.operations.notify.notice import Link, Notice, marked_title, safe_links

# Letters, counted with what escaping adds. Sources: Slack docs, "Header block", "Section block"
# and "Text object".
SLACK_HEADER, SLACK_TEXT, SLACK_FIELD, SLACK_FIELDS = 150, 3000, 2000, 10


def send(config: Config, target: NotifyTarget, message: Notice) -> Attempted:
    """Deliver a message to a channel, and return how that ended."""
    url = settings.secret(config, target, "url")
    return http_delivery.post(url, http_delivery.encoded(block_kit(message)), dict)


def block_kit(notice: Notice, *, details: bool = True) -> dict[str, Any]:
    """Return the message as Block Kit, with a plain text for notifications of the system.

    Without `details` it has no gates and no error: they are in the thread below it.
    """
    blocks: list[dict[str, Any]] = [_slack_header(notice)]
    fields = [_cut(f"*{label}*\n{slack_text(text)}", SLACK_FIELD) for label, text in notice.facts]
    if fields:
        rows = [{"type": "mrkdwn", "text": text} for text in fields[:SLACK_FIELDS]]
        blocks.append({"type": "section", "fields": rows})
    texts = [*(_slack_details(notice) if details else ()), *_slack_lines(notice)]
    blocks += [_slack_section(text) for text in texts]
    if links := " · ".join(_slack_link(row) for row in safe_links(notice.links)):
        blocks.append({"type": "context", "elements": [{"type": "mrkdwn", "text": links}]})
    # No name, group or channel in a text is linked, and no page is fetched for it.
    return {
        "text": slack_text(marked_title(notice)),
        "blocks": blocks,
        "link_names": False,
        "unfurl_links": False,
        "unfurl_media": False,
    }


def thread(notice: Notice) -> dict[str, Any] | None:
    """Return the details of a message for the thread below it, or None where there are none."""
    found = _slack_details(notice)
    if not found:
        return None
    text = slack_text(notice.error or notice.title)
    return {"text": text, "blocks": [_slack_section(row) for row in found]}


def slack_text(text: str) -> str:
    """Return text as Slack's mrkdwn shows it. Source: Slack docs, "Formatting message text"."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _slack_header(notice: Notice) -> dict[str, Any]:
    text = marked_title(notice)
    return {
        "type": "header",
        "text": {"type": "plain_text", "text": text[:SLACK_HEADER], "emoji": True},
    }


def _slack_details(notice: Notice) -> list[str]:
    found = []
    if notice.gates:
        found.append("\n".join(f"• {slack_text(row)}" for row in notice.gates))
    if notice.error:
        # Within code a backtick would end it.
        found.append("`" + slack_text(notice.error.replace("`", "'")) + "`")
    return found


def _slack_lines(notice: Notice) -> list[str]:
    return ["\n".join(slack_text(row) for row in notice.lines)] if notice.lines else []


def _slack_section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": _cut(text, SLACK_TEXT)}}


def _cut(text: str, most: int) -> str:
    """Return the start of escaped text: a reference such as &lt; is not cut in the middle."""
    return text if len(text) <= most else re.sub(r"&[a-z]*$", "", text[:most])


def _slack_link(link: Link) -> str:
    url = slack_text(link.url.replace("|", "%7C").replace("<", "%3C").replace(">", "%3E"))
    return f"<{url}|{slack_text(link.label)}>"
