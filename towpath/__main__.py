"""`python -m towpath`: what sets a project up, and what Nox sessions call; same exit codes."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import towpath
from towpath.core.errors import ConfigurationError, EngineAbsentError, TowpathError
from towpath.tasks.context import guarded, with_engine, workspace

if TYPE_CHECKING:
    from towpath.adoption.init import Options
    from towpath.config.workspace import Workspace
    from towpath.core.runner import Runner
    from towpath.core.terminal import Terminal

CHECKS = ("lint", "tests", "integration", "performance", "security", "coverage")
PROBES = (
    *("compose", "django-deploy-check", "migrations"),
    *("imports", "requirements-drift", "lock-drift", "architecture", "ruff"),
    *("ruff-format", "pyright"),
)
# The tests are evaluated when their coverage is known.
STAGES = {"coverage": "tests"}
FRESH = "--fresh"
EJECTED = ("dockerfile", "compose", "proxy")
# What `init` and `doctor` are not to find by themselves.
ANSWERS = ("manage", "settings", "dockerfile")


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
    """Discard the results of an earlier run of a check, unless they are still valid."""
    from towpath.checks import records
    from towpath.checks import reuse as sessions
    from towpath.source import snapshot as source

    tools = workspace()
    extra = _fresh_where_nothing_is_reused(tools, extra)
    if FRESH in extra or not sessions.find_reusable(tools, source.read_files(tools), chosen.check):
        records.begin(tools, chosen.check)


def check(chosen: argparse.Namespace, extra: Sequence[str]) -> None:
    """Run a check and evaluate it; arguments after `--` select tests, and then there is no verdict.

    Nothing runs if the last evidence is still valid, except with `-- --fresh`.
    """
    from towpath.checks import by_name
    from towpath.checks import reuse as sessions

    stage = STAGES.get(chosen.check, chosen.check)
    tools = workspace()
    extra = _fresh_where_nothing_is_reused(tools, extra)
    if not extra and sessions.unchanged(tools, stage):
        return
    try:
        if chosen.check == "lint":
            from towpath.checks.lint import lint

            lint.lint(workspace(), extra)
        else:
            _run(chosen, [word for word in extra if word != FRESH])
    finally:
        by_name.judge_again(tools, stage)


def _run(chosen: argparse.Namespace, extra: Sequence[str]) -> None:
    from towpath.checks import performance
    from towpath.checks.security import security
    from towpath.checks.tests import tests as testing

    if chosen.check == "tests":
        found = workspace()
        testing.tests(_with_services(found, found.config.tests.services), extra)
    elif chosen.check == "integration":
        found = workspace()
        # Where there are no such tests, nothing needs an engine.
        wanted = bool(extra or found.config.integration.paths)
        testing.integration(_with_services(found, wanted), extra)
    elif chosen.check == "performance":
        performance.performance(workspace(), extra)
    elif chosen.check == "coverage":
        testing.coverage(workspace(), extra)
    else:
        security.security(workspace(), extra)


def _with_services(found: Workspace, wanted: bool) -> Workspace:
    """Return the workspace with an engine where services are wanted, and not somewhere else."""
    return with_engine(found) if wanted and not found.config.services_are_external else found


def _fresh_where_nothing_is_reused(tools: Workspace, extra: Sequence[str]) -> Sequence[str]:
    """Add `--fresh` in a CI run whose cache does not belong to a protected branch."""
    return extra if extra or tools.config.may_reuse else [FRESH]


def gate(chosen: argparse.Namespace, _extra: Sequence[str]) -> None:
    """Evaluate the results of the last run of each check; the first that fails ends the command."""
    from towpath.checks.by_name import judge_check

    tools = workspace()
    for name in chosen.check:
        judge_check(tools, name)


def probe(chosen: argparse.Namespace, _extra: Sequence[str]) -> None:
    """Run a check that no linter has, and write its findings as JSON."""
    from towpath.checks.lint import probes

    found = workspace()
    try:
        probes.probe(found, chosen.check, chosen.files)
    except EngineAbsentError:
        # Without Compose on this machine: the embedded engine, which later stages start, has it.
        probes.probe(with_engine(found), chosen.check, chosen.files)


def baseline(chosen: argparse.Namespace, _extra: Sequence[str]) -> None:
    """Record today's values of the checks that ran, which from then on may not get worse."""
    from towpath.checks.baseline import update

    update(workspace(), lower=chosen.update)


def init(chosen: argparse.Namespace, _extra: Sequence[str]) -> None:
    """Look at the Django project here, and write the files of Towpath that it lacks.

    Nothing that exists is replaced; a second run changes nothing. Raises ConfigurationError for
    options or a project that it cannot use.
    """
    from towpath.adoption import init as adoption

    terminal, runner, _ = _outside_of_a_workspace(chosen)
    adoption.init(terminal, runner, _options(chosen))


def doctor(chosen: argparse.Namespace, _extra: Sequence[str]) -> None:
    """Say what the Django project here lacks for Towpath, with the line to add.

    Raises ConfigurationError for options or a project that it cannot use.
    """
    from towpath.adoption import init as adoption

    terminal, runner, env = _outside_of_a_workspace(chosen)
    adoption.doctor(terminal, runner, _options(chosen), env)


def lock(_chosen: argparse.Namespace, _extra: Sequence[str]) -> None:
    """Pin the plain requirements of the project by hash, in a file that it keeps."""
    from towpath.rendering import requirements

    found = workspace()
    found.terminal.data(requirements.compile_pins(found))


def render(_chosen: argparse.Namespace, _extra: Sequence[str]) -> None:
    """Write the rendered files anew, and show where they are."""
    from towpath.rendering import eject as rendering

    found = workspace()
    for name in rendering.render(found):
        found.terminal.data(name)


def eject(chosen: argparse.Namespace, _extra: Sequence[str]) -> None:
    """Write rendered files into the project, which then owns them: dockerfile, compose, proxy."""
    from towpath.rendering import eject as rendering

    found = workspace()
    for name in rendering.eject(found, chosen.part):
        found.terminal.data(name)
    found.terminal.say(f"Add to the settings:\n{rendering.LINES[chosen.part]}")


def _outside_of_a_workspace(
    chosen: argparse.Namespace,
) -> tuple[Terminal, Runner, dict[str, str]]:
    """Return what a command needs that runs before there are settings."""
    from towpath.core import environment
    from towpath.core.runner import Runner
    from towpath.core.terminal import Terminal

    env = environment.usable(os.environ)
    terminal = Terminal(env)
    return terminal, Runner(terminal, env=environment.of_tools(env), cwd=chosen.directory), env


def _options(chosen: argparse.Namespace) -> Options:
    from towpath.adoption.init import Options

    if not chosen.directory.is_dir():
        raise ConfigurationError(f"{chosen.directory} is not a directory.")
    answers = {name: getattr(chosen, name) for name in ANSWERS if getattr(chosen, name)}
    return Options(
        chosen.directory,
        answers,
        yes=getattr(chosen, "yes", False),
        as_json=chosen.json,
        check=getattr(chosen, "check", False),
        workflow=chosen.workflow,
        start=chosen.start,
        python=chosen.python,
    )


def _split(argv: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return what is before the first `--` and what is after it."""
    at = list(argv).index("--") if "--" in argv else len(argv)
    return list(argv[:at]), list(argv[at + 1 :])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m towpath", description=__doc__)
    parser.add_argument("--version", action="version", version=f"towpath {towpath.__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for act in (init, doctor, baseline, lock, render, eject, begin, check, gate, probe):
        command = commands.add_parser(act.__name__, help=_first(act), description=act.__doc__)
        command.set_defaults(act=act)
        if act in (init, doctor):
            _add_adoption(command, writes=act is init)
        elif act is baseline:
            words = "Also lower recorded values that are better today."
            command.add_argument("--update", action="store_true", help=words)
        elif act is eject:
            command.add_argument("part", choices=EJECTED)
        elif act in (lock, render):
            continue
        elif act is gate:
            command.add_argument("check", nargs="+", metavar="NAME")
        elif act is probe:
            command.add_argument("check", choices=PROBES)
            command.add_argument("files", nargs="*", metavar="FILE")
        else:
            command.add_argument("check", choices=CHECKS)
    return parser


def _first(act: Callable[..., None]) -> str:
    return (act.__doc__ or "").partition("\n")[0]


def _add_adoption(command: argparse.ArgumentParser, *, writes: bool) -> None:
    add = command.add_argument
    add(
        "directory",
        nargs="?",
        type=Path,
        default=Path(),
        metavar="DIRECTORY",
        help="of the project",
    )
    add("--json", action="store_true", help="Write the result as JSON.")
    add("--manage", metavar="FILE", default="", help="The project's manage.py.")
    add("--settings", metavar="MODULE", default="", help="The settings module of production.")
    add("--dockerfile", metavar="FILE", default="", help="Build with this one; none is rendered.")
    add("--workflow", choices=("github", "gitlab"), default="", help="Also a workflow for this CI.")
    add("--start", action="store_true", help="Also start Django, without network.")
    add("--python", metavar="PATH", default="", help="The Python with the project's dependencies.")
    if writes:
        add("--yes", action="store_true", help="Take the first candidate instead of asking.")
        add("--check", action="store_true", help="Write nothing; exit 4 if something is missing.")


def run() -> int:
    """Run the command line of this process, as the console script `towpath`."""
    return main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(run())
