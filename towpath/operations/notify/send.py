"""Sends what happened to whoever wants to know: who gets which event, once, and what is recorded.

Nothing here changes how a run ends: what cannot be delivered is a warning and a record.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from towpath.config import Config
from towpath.config.notify import NotifyTarget
from towpath.config.waivers import Waiver
from towpath.config.workspace import Workspace
from towpath.core.errors import CommandFailedError, ConfigurationError, TowpathError
from towpath.core.redaction import SECRETS
from towpath.core.suggest import nearest
from towpath.evidence.record import now, stamp
from towpath.operations.notify import (
    discord,
    email,
    notice,
    settings,
    slack,
    slack_bot,
    teams,
    webhook,
)
from towpath.operations.notify.http_delivery import Attempted
from towpath.operations.notify.memory import Delivery, Memory, read_memory, remembering
from towpath.operations.notify.notice import Notice
from towpath.operations.notify.slack_bot import Posted
from towpath.operations.side_by_side import side_by_side

# Seconds for all deliveries together.
LONGEST = 20.0
LATE = f"no answer within {LONGEST:g} s"
# How each kind of target is sent to; a bot's message can be changed, so that it has its own call.
CHANNELS: Mapping[str, Callable[[Config, NotifyTarget, Notice], Attempted]] = {
    "slack": slack.send,
    "teams": teams.send,
    "discord": discord.send,
    "email": email.send,
    "webhook": webhook.send,
}
WAITING = "waiting"
WORDS = {
    "undone": "Deployment undone",
    "failed": "Failed",
    "recovered": "Recovered",
    "deployed": "Deployed",
    "promoted": "Promoted",
    WAITING: "Waiting for approval",
    "passed": "Passed",
}


@dataclass(frozen=True)
class Happened:
    """How a run or a deployment ended, for all targets.

    `subject` is what is compared with the last time: a branch or an environment. `fingerprint` is
    the same for the same failure and empty for a success. `notice` has no title yet: `what` goes
    behind the word for the event, which `words` may replace. `waits` says how a person takes the
    release on, where it waits for one.
    """

    subject: str
    events: frozenset[str]
    notice: Notice
    what: str
    fingerprint: str = ""
    words: Mapping[str, str] = field(default_factory=dict)
    waits: str = ""

    def titled(self, event: str) -> Notice:
        """Return the message for a target that gets it as this event.

        A target gets one message for a run, so that what waits is in it whatever its event is.
        """
        word = self.words.get(event, WORDS[event])
        lines = (*self.notice.lines, *((f"To go on: {self.waits}",) if self.waits else ()))
        return replace(self.notice, event=event, title=f"{word}: {self.what}", lines=lines)


def announce(
    workspace: Workspace, happened: Happened, posted: Mapping[str, Posted] | None = None
) -> list[Delivery]:
    """Send what happened to each target that wants it, and return how each delivery ended.

    `posted` are messages about the same run that stand in channels already: they are changed.
    Raises nothing that a delivery could raise: what went wrong is a warning.
    """
    return _guarded(workspace, lambda: _announce(workspace, happened, posted or {}))


def _guarded(workspace: Workspace, act: Callable[[], list[Delivery]]) -> list[Delivery]:
    """Send, and turn whatever ends it into a warning: Ctrl-C too ends no more than the sending."""
    try:
        return act()
    except TowpathError as error:
        workspace.terminal.warn(f"Notifications were not sent: {error.what}")
    except (Exception, KeyboardInterrupt) as error:
        workspace.terminal.warn(f"Notifications were not sent: {type(error).__name__}")
    return []


def _announce(
    workspace: Workspace, happened: Happened, posted: Mapping[str, Posted]
) -> list[Delivery]:
    config = workspace.config
    targets = settings.active(config)
    if not targets:
        return []
    mark = _mark(happened.fingerprint)
    wanted = _wanted(read_memory(config), happened, mark, targets)
    # A message that is there already is changed to how the run ended, wanted or not.
    wanted |= {
        row.name: _first_event(happened)
        for row in targets
        if row.name in posted and not wanted[row.name]
    }
    chosen = [(row, happened.titled(wanted[row.name])) for row in targets if wanted[row.name]]
    deliveries = deliver(config, chosen, posted)
    report(workspace, deliveries)

    def note(memory: Memory) -> None:
        memory.ended(happened.subject, mark)
        memory.delivered(happened.subject, mark, deliveries)

    _remember(workspace, note)
    return deliveries


def _remember(workspace: Workspace, note: Callable[[Memory], None]) -> None:
    """Write down what was sent; where that cannot be, the message may be sent once more."""
    try:
        with remembering(workspace.config) as memory:
            note(memory)
    except TowpathError as error:
        workspace.terminal.warn(f"What was notified is not remembered: {error.what}")


def _mark(fingerprint: str) -> str:
    """Return what is kept of a failure: its text may hold what nobody may read."""
    text = SECRETS.text(fingerprint)
    return hashlib.sha256(text.encode()).hexdigest()[:16] if text else ""


def _first_event(happened: Happened) -> str:
    return next(event for event in WORDS if event in happened.events)


def _wanted(
    memory: Memory, happened: Happened, mark: str, targets: Sequence[NotifyTarget]
) -> dict[str, str]:
    """Return the event that each target gets, empty for none.

    A success after a failure is `recovered`; the same failure again is sent once only.
    """
    events = set(happened.events)
    if not mark and happened.subject in memory.failed:
        events.add("recovered")
    found = {}
    for target in targets:
        known = memory.sent.get(target.name, {}).get(happened.subject, "")
        again = bool(mark) and known == mark
        found[target.name] = target.wants(events - {"failed"} if again else events)
    return found


def announce_waivers(workspace: Workspace) -> list[Delivery]:
    """Send the waivers that end soon, each once to each target that wants to know.

    Raises nothing that a delivery could raise: what went wrong is a warning.
    """
    return _guarded(workspace, lambda: _announce_waivers(workspace))


def _announce_waivers(workspace: Workspace) -> list[Delivery]:
    config = workspace.config
    soon = notice.expiring(config.waivers, now().date())
    targets = [row for row in settings.active(config) if "waiver-expires" in row.events]
    if not soon or not targets:
        return []
    chosen = _new_waivers(read_memory(config), targets, soon, config.name)
    deliveries = deliver(config, chosen)
    report(workspace, deliveries)

    def note(memory: Memory) -> None:
        memory.record(deliveries)
        for row in deliveries:
            if row.delivered:
                memory.waivers[row.target] = [f"{one.id} {one.expires}" for one in soon]

    if deliveries:
        _remember(workspace, note)
    return deliveries


def _new_waivers(
    memory: Memory, targets: Sequence[NotifyTarget], soon: Sequence[Waiver], project: str
) -> list[tuple[NotifyTarget, Notice]]:
    """Return a message for each target that was not sent all of these waivers before."""
    found = []
    for target in targets:
        known = memory.waivers.get(target.name, [])
        if new := [row for row in soon if f"{row.id} {row.expires}" not in known]:
            found.append((target, notice.of_waivers(new, project, stamp(now()))))
    return found


def deliver(
    config: Config,
    messages: Sequence[tuple[NotifyTarget, Notice]],
    posted: Mapping[str, Posted] | None = None,
) -> list[Delivery]:
    """Send each target its message, all side by side, and return how each delivery ended."""
    rows = [(target, notice.readable(message, SECRETS)) for target, message in messages]
    acts = [
        partial(_attempt, config, target, message, (posted or {}).get(target.name))
        for target, message in rows
    ]
    at = stamp(now())
    return [
        _delivery(target, message, ended or Attempted(1, problem=LATE), at)
        for (target, message), ended in zip(rows, side_by_side(acts, LONGEST), strict=True)
    ]


def _delivery(target: NotifyTarget, message: Notice, ended: Attempted, at: str) -> Delivery:
    return Delivery(
        target.name,
        target.kind,
        message.event,
        delivered=not ended.problem,
        at=at,
        attempts=ended.attempts,
        problem=ended.problem,
    )


def _attempt(
    config: Config, target: NotifyTarget, message: Notice, posted: Posted | None
) -> Attempted:
    """Deliver to one target; whatever goes wrong is said without any text that has a secret."""
    try:
        if problem := settings.problem_of(config, target):
            return Attempted(0, problem=problem)
        return _sent(config, target, message, posted)
    except Exception as error:
        return Attempted(1, problem=type(error).__name__)


def _sent(
    config: Config, target: NotifyTarget, message: Notice, posted: Posted | None
) -> Attempted:
    if target.kind == "slack-bot":
        token = settings.secret(config, target, "token")
        return slack_bot.finish(token, target.channel, message, posted)
    return CHANNELS[target.kind](config, target, message)


def report(workspace: Workspace, deliveries: Sequence[Delivery]) -> None:
    """Say what was delivered, and warn of what was not."""
    if sent := [row.target for row in deliveries if row.delivered]:
        workspace.terminal.say(f"Notified: {', '.join(sent)}.")
    for row in deliveries:
        if not row.delivered:
            workspace.terminal.warn(f"Not notified: {row.target} ({row.kind}): {row.problem}")


def send_now(workspace: Workspace, message: Notice, names: Sequence[str] = ()) -> None:
    """Send a message to the named targets, or to all, whatever events they are configured for.

    Raises ConfigurationError for a missing setting, and CommandFailedError where one did not get
    it.
    """
    config = workspace.config
    targets = chosen_targets(config, names)
    settings.require_ready(config, targets)
    deliveries = deliver(config, [(row, message) for row in targets])
    report(workspace, deliveries)
    _remember(workspace, lambda memory: memory.record(deliveries))
    if missed := [row.target for row in deliveries if not row.delivered]:
        raise CommandFailedError(
            f"Not notified: {', '.join(missed)}.",
            next_step="See the warnings above; `invoke notify` shows the settings of each target.",
        )


def chosen_targets(config: Config, names: Sequence[str]) -> list[NotifyTarget]:
    """Return the targets of these names, or all; raises ConfigurationError where there is none."""
    if not config.notify:
        raise ConfigurationError(
            "No notification target is configured.",
            next_step="Add one to [tool.towpath.notify]: see docs/notifications.md.",
        )
    for name in names:
        if name not in config.notify:
            raise ConfigurationError(
                f"Unknown notification target {name!r}.{nearest(name, config.notify)}",
                why=f"pyproject.toml has {', '.join(config.notify)}.",
            )
    return [config.notify[name] for name in names or config.notify]
