"""A message for chat: Slack's Block Kit, Teams' Adaptive Card, Discord's embed. Pure.

Text of others is escaped for each: nobody is mentioned, and no markup in it counts.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from towpath.operations.notify.notice import FAILED, INTERRUPTED, PASSED, Link, Notice

MARKS = {PASSED: "✅", FAILED: "❌", INTERRUPTED: "⏹️"}
COLOURS = {PASSED: 0x2DA44E, FAILED: 0xCF222E, INTERRUPTED: 0xBF8700}
OTHER = 0x57606A
# Letters, counted with what escaping adds. Sources: Slack docs, "Header block", "Section block"
# and "Text object"; Discord docs, "Embed limits".
SLACK_HEADER, SLACK_TEXT, SLACK_FIELD, SLACK_FIELDS = 150, 3000, 2000, 10
DISCORD_TITLE, DISCORD_TEXT, DISCORD_FIELD = 256, 4096, 1024
# Characters with a meaning in Discord's Markdown, the signs of mentions and of addresses too.
_DISCORD = re.compile(r"([\\`*_~|>#\[\]()<@:-])")


def slack(notice: Notice, *, details: bool = True) -> dict[str, Any]:
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
        "text": slack_text(_title(notice)),
        "blocks": blocks,
        "link_names": False,
        "unfurl_links": False,
        "unfurl_media": False,
    }


def slack_thread(notice: Notice) -> dict[str, Any] | None:
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
    text = _title(notice)
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


def teams(notice: Notice) -> dict[str, Any]:
    """Return the message as an Adaptive Card for a webhook of Teams' workflows.

    Its texts are TextRuns, which know no Markdown. Source: Adaptive Cards, "TextRun".
    """
    body = [_run(_title(notice), size="large", weight="bolder")]
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


def discord(notice: Notice) -> dict[str, Any]:
    """Return the message as an embed that mentions nobody."""
    fields = [
        {"name": label, "value": discord_text(text)[:DISCORD_FIELD], "inline": True}
        for label, text in notice.facts
    ]
    rows = [*(f"• {discord_text(row)}" for row in notice.gates)]
    rows += [discord_text(notice.error)] if notice.error else []
    rows += [discord_text(row) for row in notice.lines]
    rows += [f"[{discord_text(row.label)}](<{row.url}>)" for row in safe_links(notice.links)]
    embed: dict[str, Any] = {
        "title": discord_text(_title(notice))[:DISCORD_TITLE],
        "color": COLOURS.get(notice.status, OTHER),
        "fields": fields,
        "timestamp": notice.at,
    }
    if rows:
        embed["description"] = _fitting(rows, DISCORD_TEXT)
    return {"embeds": [embed], "allowed_mentions": {"parse": []}}


def discord_text(text: str) -> str:
    """Return text as Discord shows it letter by letter."""
    return _DISCORD.sub(r"\\\1", text)


def _fitting(rows: list[str], room: int) -> str:
    """Return as many whole lines as fit."""
    found = ""
    for row in rows:
        if len(found) + len(row) + 1 > room:
            break
        found += f"{row}\n"
    return found.rstrip("\n")


def _title(notice: Notice) -> str:
    mark = MARKS.get(notice.status, "")
    return f"{mark} {notice.title}".strip()


def safe_links(links: tuple[Link, ...]) -> list[Link]:
    """Return the links that lead to a web page and hold nothing that ends a link early."""
    return [row for row in links if _is_web(row.url)]


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    plain = not re.search(r"[\s<>()\"'\\^`{}|]", url)
    return parts.scheme in ("http", "https") and bool(parts.hostname) and plain
