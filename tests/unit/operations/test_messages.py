"""What a message looks like for each channel, also where its text is somebody's attack."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import re
from email import message_from_bytes
from email.message import Message
from typing import Any, cast

import pytest

from towpath.config.waivers import Waiver
from towpath.core.redaction import Redactor
from towpath.operations.notify import discord, email
from towpath.operations.notify import notice as notices
from towpath.operations.notify import slack, teams, webhook
from towpath.operations.notify.notice import FAILED, PASSED, Link, Notice

AT = "2026-11-30T02:00:00Z"
GOOD = Notice("passed", "Passed: 1.2.3 on main", PASSED, AT, version="1.2.3", branch="main")
BAD = Notice(
    "failed",
    "Failed: 1.2.3 on main",
    FAILED,
    AT,
    project="shop",
    version="1.2.3",
    branch="main",
    commit="c" * 40,
    who="ada",
    stage="tests",
    gates=("COVERAGE: 71 (limit >= 80)",),
    error="tests failed: COVERAGE.",
    links=(Link("Run", "https://ci.example.org/1"), Link("Report", "https://d.example.org/r/")),
)
EVIL = Notice(
    "failed",
    "Failed: <!channel> @everyone & *b*",
    FAILED,
    AT,
    branch="<@U1>|`x` [y](http://evil) <script>",
    who="@here",
    error="`code` ``` </pre><img src=x> <at>all</at>",
    lines=("<http://evil|click> # head",),
    links=(
        Link("Run|x>", "https://ci.example.org/a"),
        Link("Bad", "javascript:alert(1)"),
        Link("Worse", "https://x/|y>z"),
    ),
)


def blocks(body: dict[str, Any]) -> None:
    """Check a message by the rules of Block Kit. Source: Slack docs, "Blocks"."""
    assert 1 <= len(body["blocks"]) <= 50
    for block in body["blocks"]:
        kind = block["type"]
        if kind == "header":
            assert block["text"]["type"] == "plain_text"
            assert 1 <= len(block["text"]["text"]) <= 150
        elif kind == "section":
            assert ("text" in block) != ("fields" in block)
            assert 1 <= len(block.get("fields", [1])) <= 10
            for row in block.get("fields", []):
                assert row["type"] == "mrkdwn" and 1 <= len(row["text"]) <= 2000
            if "text" in block:
                assert block["text"]["type"] == "mrkdwn"
                assert 1 <= len(block["text"]["text"]) <= 3000
        else:
            assert kind == "context"
            assert 1 <= len(block["elements"]) <= 10


def test_slack_has_all_of_it() -> None:
    """Exactly these blocks."""
    body = slack.block_kit(BAD)

    blocks(body)
    assert body["text"] == "❌ Failed: 1.2.3 on main"
    assert body["blocks"] == [
        {
            "type": "header",
            "text": {"type": "plain_text", "text": "❌ Failed: 1.2.3 on main", "emoji": True},
        },
        {
            "type": "section",
            "fields": [
                {"type": "mrkdwn", "text": text}
                for text in (
                    "*Version*\n1.2.3",
                    "*Branch*\nmain",
                    "*Commit*\ncccccccccccc",
                    "*By*\nada",
                    "*Failed stage*\ntests",
                )
            ],
        },
        {
            "type": "section",
            "text": {"type": "mrkdwn", "text": "• COVERAGE: 71 (limit &gt;= 80)"},
        },
        {"type": "section", "text": {"type": "mrkdwn", "text": "`tests failed: COVERAGE.`"}},
        {
            "type": "context",
            "elements": [
                {
                    "type": "mrkdwn",
                    "text": "<https://ci.example.org/1|Run> · <https://d.example.org/r/|Report>",
                }
            ],
        },
    ]
    assert (body["link_names"], body["unfurl_links"], body["unfurl_media"]) == (False,) * 3


def test_the_details_of_a_bots_message_are_in_its_thread() -> None:
    """The message has none of them."""
    body = json.dumps(slack.block_kit(BAD, details=False))

    assert "COVERAGE" not in body
    thread = slack.thread(BAD)
    assert thread is not None
    blocks(thread)
    assert "COVERAGE: 71" in json.dumps(thread)
    assert slack.thread(GOOD) is None


def test_slack_links_and_mentions_nothing_of_others() -> None:
    """Only links of ours have an angle bracket."""
    body = slack.block_kit(EVIL)

    blocks(body)
    texts = json.dumps(body, ensure_ascii=False)
    assert "<!channel>" in body["blocks"][0]["text"]["text"]  # plain text, which is shown as it is
    assert "&lt;!channel&gt; @everyone &amp;" in body["text"]
    assert "&lt;@U1&gt;" in texts and "&lt;http://evil|click&gt;" in texts
    assert "'code' '''" in texts
    assert body["blocks"][-1]["elements"][0]["text"] == "<https://ci.example.org/a|Run|x&gt;>"


def test_slack_stays_within_its_limits() -> None:
    """Whatever the texts: a reference is not cut in the middle."""
    huge = Notice("failed", "&" * 900, FAILED, AT, branch="<" * 900, error="&" * 900)
    full = Notice(
        **{**vars(huge), "gates": ("<" * 500,) * 20, "lines": ("&" * 500,) * 20},
    )

    body = slack.block_kit(full)

    blocks(body)
    texts = [row["text"] for row in body["blocks"][1]["fields"]]
    texts += [block["text"]["text"] for block in body["blocks"][2:]]
    assert len(texts) == 4
    assert [text for text in texts if re.search(r"&(?!(?:amp|lt|gt);)", text)] == []


def test_teams() -> None:
    """A card whose texts are runs, which know no markup."""
    body = teams.adaptive_card(EVIL)

    card = body["attachments"][0]["content"]
    assert body["attachments"][0]["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
    assert {row["type"] for row in card["body"]} == {"RichTextBlock"}
    runs = [run for row in card["body"] for run in row["inlines"]]
    assert {run["type"] for run in runs} == {"TextRun"}
    assert "Branch: " in [run["text"] for run in runs]
    assert EVIL.branch in [run["text"] for run in runs]
    assert card["actions"] == [
        {"type": "Action.OpenUrl", "title": "Run|x>", "url": "https://ci.example.org/a"}
    ]
    assert "entities" not in card and "msteams" not in card
    assert "actions" not in teams.adaptive_card(GOOD)["attachments"][0]["content"]


def test_discord() -> None:
    """An embed that mentions nobody and has no markup of others."""
    body = discord.embed(EVIL)

    assert body["allowed_mentions"] == {"parse": []}
    embed = body["embeds"][0]
    assert embed["title"] == "❌ Failed\\: \\<!channel\\> \\@everyone & \\*b\\*"
    assert embed["color"] == 0xCF222E
    assert embed["timestamp"] == AT
    assert embed["fields"][0] == {
        "name": "Branch",
        "value": "\\<\\@U1\\>\\|\\`x\\` \\[y\\]\\(http\\://evil\\) \\<script\\>",
        "inline": True,
    }
    assert embed["description"].endswith("[Run\\|x\\>](<https://ci.example.org/a>)")
    assert "javascript" not in json.dumps(body)
    huge = discord.embed(Notice(**{**vars(EVIL), "gates": ("*" * 500,) * 20}))
    assert len(huge["embeds"][0]["description"]) <= 4096
    assert "description" not in discord.embed(GOOD)["embeds"][0]


def parts(found: Message) -> dict[str, str]:
    """Return the texts of a mail by their kind."""
    return {
        row.get_content_type(): cast("bytes", row.get_payload(decode=True)).decode()
        for row in found.walk()
        if not row.is_multipart()
    }


def test_mail() -> None:
    """Text and HTML, which shows text of others as it is."""
    mail = email.email_message(BAD, "towpath@example.org", ("a@example.org", "b@example.org"))
    found = message_from_bytes(mail.as_bytes())

    assert found["Subject"] == "[shop] Failed: 1.2.3 on main"
    assert (found["From"], found["To"]) == (
        "towpath@example.org",
        "a@example.org, b@example.org",
    )
    assert found["Date"] == "Mon, 30 Nov 2026 02:00:00 +0000"
    text = parts(found)
    assert "- COVERAGE: 71 (limit >= 80)\n" in text["text/plain"]
    assert "Run: https://ci.example.org/1\n" in text["text/plain"]
    assert "<li>COVERAGE: 71 (limit &gt;= 80)</li>" in text["text/html"]
    evil = parts(message_from_bytes(email.email_message(EVIL, "a@b.c", ("d@e.f",)).as_bytes()))[
        "text/html"
    ]
    assert "<script>" not in evil and "<img" not in evil and "javascript" not in evil
    assert "&lt;script&gt;" in evil


def test_a_webhook_is_signed() -> None:
    """Over the time and the very bytes."""
    body = webhook.body_of(BAD)

    assert json.loads(body)["gates"] == ["COVERAGE: 71 (limit >= 80)"]
    assert json.loads(body)["schema"] == "1"
    wanted = hmac.new(b"key", b"1700000000." + body, hashlib.sha256).hexdigest()
    assert webhook.signature("key", 1700000000, body) == f"sha256={wanted}"


def test_what_is_sent_has_no_secret_and_one_line_each() -> None:
    """Of every text, the links too; long ones are cut."""
    redactor = Redactor(["swordfish-1"])
    raw = Notice(
        **{name: "swordfish-1\nx\x1b[2J" for name in ("title", "branch", "who", "stage", "error")},
        event="failed",
        status=FAILED,
        at=AT,
        gates=("swordfish-1",) * 30,
        lines=("y" * 2000,),
        links=(Link("Run", "https://ci/?k=swordfish-1"),),
    )

    found = notices.readable(raw, redactor)

    assert "swordfish" not in json.dumps(found.as_json())
    assert found.title == "*** x\\x1b[2J"
    assert (len(found.gates), len(found.lines[0])) == (20, 500)
    assert found.links[0].url == "https://ci/?k=***"


@pytest.mark.parametrize(
    ("row", "line"),
    [
        (
            {"gate": "LINT", "status": "failed", "value": 3, "limit": 0, "direction": "<="},
            "LINT: 3 (limit <= 0)",
        ),
        (
            {"gate": "LINT", "status": "errored", "value": None, "limit": 0, "direction": "<="},
            "LINT: not measured (limit <= 0)",
        ),
    ],
)
def test_gates(row: dict[str, Any], line: str) -> None:
    """Value and limit; what passed is left out."""
    assert notices.gate_lines([row, {**row, "status": "passed"}]) == (line,)


def test_waivers_that_end_soon() -> None:
    """Within 14 days, those that are over too, the first to end first."""
    today = dt.date(2026, 11, 30)
    rows = [
        Waiver("A", "late", today + dt.timedelta(days=15)),
        Waiver("B", "soon", today + dt.timedelta(days=14)),
        Waiver("C", "now", today),
    ]

    found = notices.expiring(rows, today)

    assert [row.id for row in found] == ["C", "B"]
    message = notices.of_waivers(found, "shop", AT)
    assert message.title == "2 waivers expire soon"
    assert message.lines == ("C until 2026-11-30: now", "B until 2026-12-14: soon")


def test_who_started_it() -> None:
    """CI's word goes before the machine's user."""
    assert notices.actor({"USER": "root", "GITHUB_ACTOR": "ada"}) == "ada"
    assert notices.actor({"USER": "root"}) == "root"
    assert notices.actor({}) == ""
