"""Notifications, as an Invoke task."""

from __future__ import annotations

from invoke.context import Context
from invoke.tasks import task

from towpath.tasks.context import entry, workspace


@task(
    iterable=["target"],
    help={
        "message": "Send this text.",
        "test": "Send a test message.",
        "target": "Only to this one; may be repeated.",
    },
)
@entry
def notify(_c: Context, target: list[str], message: str = "", test: bool = False) -> None:
    """Show where notifications go, or send a message there; exit 5 if one did not arrive."""
    from towpath.operations.notify import by_hand as flow

    found = workspace()
    if message or test:
        flow.send_message(found, message, target)
    else:
        flow.show(found, target)
