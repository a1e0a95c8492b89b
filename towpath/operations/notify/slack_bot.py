"""Slack's Web API with a bot's token: one message for a run, changed as it goes, with a thread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from towpath.core import documents
from towpath.core.backoff import Backoff
from towpath.operations.notify import http_delivery as door
from towpath.operations.notify import slack
from towpath.operations.notify.http_delivery import Attempted
from towpath.operations.notify.notice import Notice, clean

API = "https://slack.com/api/"


@dataclass(frozen=True)
class Posted:
    """A message in a channel: Slack's identity of both."""

    channel: str
    message: str


def post(
    token: str, channel: str, notice: Notice, *, backoff: Backoff | None = None
) -> tuple[Attempted, Posted | None]:
    """Post a message without its details; return where it is if it was taken."""
    body = {"channel": channel, **slack.block_kit(notice, details=False)}
    attempted, said = _call("chat.postMessage", token, body, backoff)
    where = Posted(str(said.get("channel", "")), str(said.get("ts", "")))
    return attempted, None if attempted.problem else where


def update(
    token: str, where: Posted, notice: Notice, *, backoff: Backoff | None = None
) -> Attempted:
    """Change a message that was posted before."""
    body = {"channel": where.channel, "ts": where.message, **slack.block_kit(notice, details=False)}
    return _call("chat.update", token, body, backoff)[0]


def finish(
    token: str,
    channel: str,
    notice: Notice,
    where: Posted | None = None,
    *,
    backoff: Backoff | None = None,
) -> Attempted:
    """Write how a run ended, into the message that was posted before, if there is one.

    The details follow in its thread.
    """
    if where is None:
        attempted, where = post(token, channel, notice, backoff=backoff)
    else:
        attempted = update(token, where, notice, backoff=backoff)
    details = slack.thread(notice)
    if where is None or attempted.problem or details is None:
        return attempted
    body = {"channel": where.channel, "thread_ts": where.message, **details}
    return _call("chat.postMessage", token, body, backoff)[0]


def _call(
    method: str, token: str, body: Mapping[str, Any], backoff: Backoff | None
) -> tuple[Attempted, Mapping[str, Any]]:
    """Call a method; Slack answers 200 for an error too, and names it."""
    attempted = door.post(API + method, door.encoded(body), dict, token=token, backoff=backoff)
    if attempted.problem:
        return attempted, {}
    try:
        said = documents.loads(attempted.content)
        taken = said["ok"] is True
    except (ValueError, KeyError, TypeError):
        return Attempted(attempted.attempts, problem="the answer is not Slack's"), {}
    if not taken:
        problem = f"Slack says {clean(str(said.get('error', 'no')), door.SHOWN)}"
        return Attempted(attempted.attempts, problem=problem), {}
    return attempted, said
