"""The checks by name, as `nox -s` and `python -m towpath gate` know them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from towpath.checks import judge as judging
from towpath.checks import performance
from towpath.checks.facts import CheckFacts
from towpath.checks.lint import facts as lint
from towpath.checks.security import facts as security
from towpath.checks.tests import facts as tests
from towpath.config import Config
from towpath.config.workspace import Workspace
from towpath.core.errors import ConfigurationError
from towpath.core.suggest import nearest
from towpath.evidence.statement import Statement

MEASURES: Mapping[str, Callable[[Config], CheckFacts]] = {
    "lint": lint.measure,
    "tests": tests.measure_tests,
    "integration": tests.measure_integration,
    "performance": performance.measure,
    "security": security.measure,
}


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
