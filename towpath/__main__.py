"""`python -m towpath`: what a Nox session calls. Its exit codes are those of the tasks."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from towpath.core.errors import EngineAbsentError, TowpathError
from towpath.tasks.context import guarded, with_engine, workspace

if TYPE_CHECKING:
    from towpath.config.workspace import Workspace

CHECKS = ("lint", "tests", "integration", "performance", "security", "coverage")
PROBES = (
    *("compose", "django-deploy-check", "migrations"),
    *("imports", "requirements-drift", "architecture"),
)
# The tests are judged when their coverage is known.
STAGES = {"coverage": "tests"}
FRESH = "--fresh"


def main(argv: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    arguments, extra = _split(argv)
    chosen = _parser().parse_args(arguments)
    try:
        guarded(chosen.act, chosen, extra)
    except TowpathError as error:
        return error.code
    return 0


def begin(chosen: argparse.Namespace, extra: Sequence[str]) -> None:
    """Forget what an earlier run of a check left, unless it still holds."""
    from towpath.checks import records
    from towpath.checks import reuse as sessions
    from towpath.source import snapshot as source

    tools = workspace()
    extra = _fresh_where_nothing_is_reused(tools, extra)
    if FRESH in extra or not sessions.find_reusable(tools, source.read_files(tools), chosen.check):
        records.begin(tools, chosen.check)


def check(chosen: argparse.Namespace, extra: Sequence[str]) -> None:
    """Run a check and judge it; what follows `--` picks tests, and then there is no verdict.

    Nothing runs if the last evidence still holds, but with `-- --fresh`.
    """
    from towpath.checks import reuse as sessions

    stage = STAGES.get(chosen.check, chosen.check)
    tools = workspace()
    extra = _fresh_where_nothing_is_reused(tools, extra)
    if not extra and sessions.unchanged(tools, stage):
        return
    if chosen.check == "lint":
        from towpath.checks.lint import lint

        lint.lint(workspace(), extra)
    else:
        _run(chosen, [word for word in extra if word != FRESH])


def _run(chosen: argparse.Namespace, extra: Sequence[str]) -> None:
    from towpath.checks import performance
    from towpath.checks.security import security
    from towpath.checks.tests import tests as testing

    if chosen.check == "tests":
        testing.tests(workspace(), extra)
    elif chosen.check == "integration":
        found = workspace()
        testing.integration(found if found.config.services_given else with_engine(found), extra)
    elif chosen.check == "performance":
        performance.performance(workspace(), extra)
    elif chosen.check == "coverage":
        testing.coverage(workspace(), extra)
    else:
        security.security(workspace(), extra)


def _fresh_where_nothing_is_reused(tools: Workspace, extra: Sequence[str]) -> Sequence[str]:
    """Add `--fresh` in a CI run whose cache belongs to no protected branch."""
    return extra if extra or tools.config.may_reuse else [FRESH]


def gate(chosen: argparse.Namespace, _extra: Sequence[str]) -> None:
    """Judge what the last run of each check left; the worst exit code is the first that stops."""
    from towpath.checks.by_name import judge_check

    tools = workspace()
    for name in chosen.check:
        judge_check(tools, name)


def probe(chosen: argparse.Namespace, _extra: Sequence[str]) -> None:
    """Look at what no linter knows, and write what is found as JSON."""
    from towpath.checks.lint import probes

    found = workspace()
    try:
        probes.probe(found, chosen.check, chosen.files)
    except EngineAbsentError:
        # Where there is no Compose, the engine that later stages would bring up anyway has one.
        probes.probe(with_engine(found), chosen.check, chosen.files)


def _split(argv: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return what is before the first `--` and what is after it."""
    at = list(argv).index("--") if "--" in argv else len(argv)
    return list(argv[:at]), list(argv[at + 1 :])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m towpath", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for act in (begin, check, gate, probe):
        command = commands.add_parser(act.__name__, help=act.__doc__, description=act.__doc__)
        command.set_defaults(act=act)
        if act is gate:
            command.add_argument("check", nargs="+", metavar="NAME")
        elif act is probe:
            command.add_argument("check", choices=PROBES)
            command.add_argument("files", nargs="*", metavar="FILE")
        else:
            command.add_argument("check", choices=CHECKS)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
