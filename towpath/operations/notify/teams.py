"""Teams: the message as an Adaptive Card, and its delivery to a webhook of a workflow.

Text of others is no markup in it.
"""

from __future__ import annotations

from typing import Any

from towpath.config import Config
from towpath.config.notify import NotifyTarget
from towpath.operations.notify import http_delivery, settings
from towpath.operations.notify.http_delivery import Attempted
from towpath.operations.notify.notice import Notice, marked_title, safe_links


def send(config: Config, target: NotifyTarget, message: Notice) -> Attempted:
    """Deliver a message to a channel, and return how that ended."""
    url = settings.secret(config, target, "url")
    return http_delivery.post(url, http_delivery.encoded(adaptive_card(message)), dict)


def adaptive_card(notice: Notice) -> dict[str, Any]:
    """Return the message as an Adaptive Card for a webhook of Teams' workflows.

    Its texts are TextRuns, which know no Markdown. Source: Adaptive Cards, "TextRun".
    """
    body = [_run(marked_title(notice), size="large", weight="bolder")]
    body += [_run(f"{label}: ", text, weight="bolder") for label, text in notice.facts]
    body += [_run("• ", row) for row in notice.gates]
    if notice.error:
        body.append(_run("", notice.error, fontType="monospace"))
    body += [_run("", row) for row in notice.lines]
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
    }
    if links := safe_links(notice.links):
        card["actions"] = [
            {"type": "Action.OpenUrl", "title": row.label, "url": row.url} for row in links
        ]
    kind = "application/vnd.microsoft.card.adaptive"
    return {"type": "message", "attachments": [{"contentType": kind, "content": card}]}


def _run(head: str, text: str = "", **look: str) -> dict[str, Any]:
    """Return a line of a card: `head` looks as `look` says, or the text where there is no head."""
    runs = [{"type": "TextRun", "text": head, **look}] if head else []
    if text:
        runs.append({"type": "TextRun", "text": text, **({} if head else look)})
    return {"type": "RichTextBlock", "inlines": runs}
