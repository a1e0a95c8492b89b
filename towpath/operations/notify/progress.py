"""A message of Slack's bot that changes while a run goes on.

A target gets one that wants to know of every run (`passed`). The first call that fails is the last
one until the run ends: nobody waits for Slack at each stage.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from towpath.config.notify import NotifyTarget
from towpath.config.workspace import Workspace
from towpath.core.backoff import Backoff
from towpath.core.redaction import SECRETS
from towpath.operations.notify import notice, settings, slack_bot
from towpath.operations.notify.notice import INFO, Notice
from towpath.operations.notify.slack_bot import Posted
from towpath.operations.side_by_side import side_by_side

# Seconds that a stage waits for all channels together.
LONGEST = 5.0
# The next stage changes the message anyway.
ONCE = Backoff(attempts=1)


@dataclass
class Progress:
    """The messages about one run; `notice` says what is known of it from its start."""

    workspace: Workspace
    notice: Notice
    posted: dict[str, Posted] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)

    def show(self, title: str, lines: Sequence[str] = ()) -> None:
        """Post or change the message of each target; what goes wrong changes nothing."""
        targets = [row for row in self._targets() if row.name not in self.failed]
        if not targets:
            return
        shown = replace(self.notice, title=title, status=INFO, lines=tuple(lines))
        message = notice.readable(shown, SECRETS)
        acts = [lambda row=row: self._show(row, message) for row in targets]
        for target, done in zip(targets, side_by_side(acts, LONGEST), strict=True):
            if not done:
                self.failed.add(target.name)

    def _targets(self) -> list[NotifyTarget]:
        return [
            row
            for row in settings.active(self.workspace.config)
            if row.kind == "slack-bot" and "passed" in row.events
        ]

    def _show(self, target: NotifyTarget, message: Notice) -> bool:
        token = settings.secret(self.workspace.config, target, "token")
        try:
            if where := self.posted.get(target.name):
                return not slack_bot.update(token, where, message, backoff=ONCE).problem
            _, posted = slack_bot.post(token, target.channel, message, backoff=ONCE)
        except Exception:
            return False
        if posted is not None:
            self.posted[target.name] = posted
        return posted is not None
