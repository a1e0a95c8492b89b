"""Probes of the notification targets: set up, and the last message arrived."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from towpath.config import Config
from towpath.config.notify import NotifyTarget
from towpath.operations.health_rules import HealthCheck, Level
from towpath.operations.notify import settings
from towpath.operations.notify.by_hand import last_delivery
from towpath.operations.notify.memory import read_memory
from towpath.operations.probes import Probe


def probes(config: Config) -> list[Probe]:
    """Return a probe for each target; none is sent a message."""
    return [
        Probe(subject(target), partial(check_target, config, target), command(target))
        for target in config.notify.values()
    ]


def subject(target: NotifyTarget) -> str:
    """Return what the line of a target is called."""
    return f"notifications {target.name}"


def command(target: NotifyTarget) -> str:
    """Return the command that sends a test message to a target."""
    return f"invoke notify --test --target={target.name}"


def check_target(config: Config, target: NotifyTarget) -> Iterable[HealthCheck]:
    """Judge a target: a missing setting is an error where it is used, a lost message a warning."""
    problem = settings.problem_of(config, target)
    if problem and target in settings.active(config):
        yield HealthCheck(subject(target), Level.ERROR, problem, "invoke notify")
        return
    if problem:
        words = f"{target.kind}, not used here ({target.where})"
        yield HealthCheck(subject(target), Level.OK, words)
        return
    last = read_memory(config).deliveries.get(target.name, {})
    lost = bool(last) and last.get("delivered") is not True
    level = Level.WARNING if lost else Level.OK
    words = f"{target.kind}, last delivery: {last_delivery(last)}"
    yield HealthCheck(subject(target), level, words, command(target))
