"""What `invoke notify` does: show the targets, and send a message that somebody typed."""

from __future__ import annotations

from collections.abc import Sequence

from towpath.config.workspace import Workspace
from towpath.evidence.record import now, stamp
from towpath.operations.notify import send, settings
from towpath.operations.notify.memory import read_memory
from towpath.operations.notify.notice import INFO, Link, Notice, actor

TITLE = 140  # letters that every channel has room for in a title
TEST = "This is a test message: notifications arrive here."


def send_message(workspace: Workspace, text: str, names: Sequence[str] = ()) -> None:
    """Send a text, or a test message without one, to the named targets or to all.

    Raises ConfigurationError for a target that is not there or not set up, and CommandFailedError
    where one did not get the message.
    """
    config, words = workspace.config, text.strip() or TEST
    is_title = len(words) <= TITLE and "\n" not in words
    message = Notice(
        "message" if text else "test",
        words if is_title else f"Message from {config.name}",
        INFO,
        stamp(now()),
        project=config.name,
        who=actor(config.env),
        lines=() if is_title else tuple(words.splitlines()),
        links=(Link("Run", config.ci.url),) if config.ci and config.ci.url else (),
    )
    send.send_now(workspace, message, names)


def show(workspace: Workspace, names: Sequence[str] = ()) -> None:
    """Write each target: its events, whether it is set up and used here, and its last delivery."""
    config = workspace.config
    used = {row.name for row in settings.active(config)}
    last = read_memory(config).deliveries
    rows = [
        (
            *(row.name, row.kind, " ".join(row.events)),
            settings.problem_of(config, row) or "ready",
            "yes" if row.name in used else f"no ({row.where})",
            last_delivery(last.get(row.name, {})),
        )
        for row in send.chosen_targets(config, names)
    ]
    columns = ("target", "kind", "events", "settings", "used here", "last delivery")
    workspace.terminal.table("Notifications", columns, rows)


def last_delivery(delivery: dict[str, object]) -> str:
    """Return how the last delivery to a target ended."""
    if not delivery:
        return "none yet"
    how = (
        "delivered"
        if delivery.get("delivered") is True
        else f"not delivered: {delivery.get('problem')}"
    )
    return f"{delivery.get('at')} {delivery.get('event')}: {how}"
