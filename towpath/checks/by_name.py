"""The checks by name, as `nox -s` and `python -m towpath gate` know them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from towpath.checks import judge as judging
from towpath.checks import performance, records
from towpath.checks.facts import CheckFacts
from towpath.checks.lint import facts as lint
from towpath.checks.security import facts as security
from towpath.checks.tests import facts as tests
from towpath.config import Config
from towpath.config.loading import with_baseline
from towpath.config.workspace import Workspace
from towpath.core.errors import ConfigurationError
from towpath.core.suggest import nearest
from towpath.evidence import record as stages
from towpath.evidence.statement import Statement

MEASURES: Mapping[str, Callable[[Config], CheckFacts]] = {
    "lint": lint.measure,
    "tests": tests.measure_tests,
    "integration": tests.measure_integration,
    "performance": performance.measure,
    "security": security.measure,
}


def judge_again(workspace: Workspace, name: str) -> None:
    """Judge the other checks by the baseline that this one has just recorded, if it has.

    Every statement is about one policy, and the baseline is a part of it: no tool runs again.
    """
    now = with_baseline(workspace.config)
    if now.baseline.sections.keys() == workspace.config.baseline.sections.keys():
        return
    before = stages.policy(workspace.config)
    workspace = replace(workspace, config=now)
    for other, measure in MEASURES.items():
        last = stages.read_statement(now, other) if other != name else None
        if last and last.policy == before and records.fits(workspace, other):
            judging.evaluate(workspace, other, measure)


def judge_check(workspace: Workspace, name: str) -> Statement:
    """Judge what the last run of a check left; raises as `judge.judge` does.

    Raises ConfigurationError for an unknown check.
    """
    if name not in MEASURES:
        raise ConfigurationError(
            f"Unknown check {name!r}.{nearest(name, MEASURES)}",
            why=f"The checks are {', '.join(MEASURES)}.",
        )
    return judging.judge(workspace, name, MEASURES[name])
