"""Discord: the message as an embed, and its delivery to a channel's webhook.

Text of others is escaped: nobody is mentioned, and no markup in it counts.
"""

from __future__ import annotations

import re
from typing import Any

from towpath.config import Config
from towpath.config.notify import NotifyTarget
from towpath.operations.notify import http_delivery, settings
from towpath.operations.notify.http_delivery import Attempted
from towpath.operations.notify.notice import (
    FAILED,
    INTERRUPTED,
    PASSED,
    Notice,
    marked_title,
    safe_links,
)

COLOURS = {PASSED: 0x2DA44E, FAILED: 0xCF222E, INTERRUPTED: 0xBF8700}
OTHER = 0x57606A
# Letters, counted with what escaping adds. Source: Discord docs, "Embed limits".
DISCORD_TITLE, DISCORD_TEXT, DISCORD_FIELD = 256, 4096, 1024
# Characters with a meaning in Discord's Markdown, the signs of mentions and of addresses too.
_DISCORD = re.compile(r"([\\`*_~|>#\[\]()<@:-])")


def send(config: Config, target: NotifyTarget, message: Notice) -> Attempted:
    """Deliver a message to a channel, and return how that ended."""
    url = settings.secret(config, target, "url")
    return http_delivery.post(url, http_delivery.encoded(embed(message)), dict)


def embed(notice: Notice) -> dict[str, Any]:
    """Return the message as an embed that mentions nobody."""
    fields = [
        {"name": label, "value": discord_text(text)[:DISCORD_FIELD], "inline": True}
        for label, text in notice.facts
    ]
    rows = [*(f"• {discord_text(row)}" for row in notice.gates)]
    rows += [discord_text(notice.error)] if notice.error else []
    rows += [discord_text(row) for row in notice.lines]
    rows += [f"[{discord_text(row.label)}](<{row.url}>)" for row in safe_links(notice.links)]
    content: dict[str, Any] = {
        "title": discord_text(marked_title(notice))[:DISCORD_TITLE],
        "color": COLOURS.get(notice.status, OTHER),
        "fields": fields,
        "timestamp": notice.at,
    }
    if rows:
        content["description"] = _fitting(rows, DISCORD_TEXT)
    return {"embeds": [content], "allowed_mentions": {"parse": []}}


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
