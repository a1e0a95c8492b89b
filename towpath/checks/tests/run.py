"""One run of the project's tests, by pytest or `manage.py test`, and what is recorded of it."""

from __future__ import annotations

import secrets
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from towpath.checks import records, tool_versions
from towpath.checks.records import ToolRecord
from towpath.checks.tests import coverage_settings
from towpath.checks.tests import tests_commands as commands
from towpath.config import Config
from towpath.config.checking import DJANGO, PYTEST
from towpath.config.workspace import Workspace
from towpath.core import files
from towpath.core.errors import ConfigurationError, NothingToJudgeError
from towpath.core.findings import ToolResult
from towpath.core.runner import Outcome
from towpath.core.suggest import nearest
from towpath.evidence import stage_inputs
from towpath.source import matrix

# Exit codes of pytest: wrong usage, and no tests collected.
USAGE, NO_TESTS = 4, 5
SEED = "--randomly-seed"
JUNIT = "DJANGO_JUNIT_REPORT"


@dataclass(frozen=True)
class SuiteRun:
    """Tests of the check `stage`: the name of their record, options of the runner, variables."""

    stage: str
    name: str
    options: Sequence[str] = ()
    env: Mapping[str, str] = field(default_factory=dict)


def run_tests(workspace: Workspace, suite: SuiteRun, arguments: Sequence[str]) -> int:
    """Run tests, record the result unless arguments select some, and return the exit code.

    Raises ConfigurationError for an unknown argument, NothingToJudgeError if no test is selected.
    """
    config = workspace.config
    env = {**stage_inputs.passed_on(config, suite.stage), **suite.env}
    _require_known(config, arguments)
    own = commands.picked(arguments, config.tests.parts)
    seed = _seed(config, own)
    options = [*suite.options, *([] if seed is None else [f"{SEED}={seed}"]), *own]
    if seed is not None:
        workspace.terminal.say(f"Random order of the tests: {SEED}={seed}")
    if arguments:
        return _selection(workspace, options, arguments, env)
    report = records.junit(config, suite.stage) / f"{suite.name}.xml"
    report.parent.mkdir(parents=True, exist_ok=True)
    data = records.coverage_data(config, suite.stage)
    data.mkdir(parents=True, exist_ok=True)
    own_env = {"COVERAGE_FILE": str(data / f"data-{suite.name}"), JUNIT: str(report)}
    ended = workspace.runner.run(
        _argv(config, options, str(report), _measured_by(workspace, suite.stage)),
        env={**env, **own_env},
        check=False,
        log=config.log(f"{config.tests.runner}-{suite.name}"),
        stream=True,
    )
    files.redact(report)
    keep(workspace, suite.stage, suite.name, ended, seed)
    return ended.code


def name_paths(root: Path, arguments: Sequence[str]) -> bool:
    """Tell whether arguments of pytest name a file or a directory, or a test in one."""
    return any((root / word.partition("::")[0]).exists() for word in arguments)


def _seed(config: Config, own: Sequence[str]) -> int | None:
    """Return a seed for the order of the tests, where the project has pytest-randomly."""
    if config.tests.runner != PYTEST or any(word.startswith(SEED) for word in own):
        return None
    if tool_versions.version("pytest-randomly", config.tool_python) == "missing":
        return None
    return secrets.randbits(32)


def _argv(config: Config, options: Sequence[str], junit: str = "", rcfile: str = "") -> list[str]:
    """Return the command of the runner; with `junit` it records, with `rcfile` it measures."""
    kind, python = config.tests, config.tool_python
    if kind.runner == DJANGO:
        return commands.django(
            *(python, config.django.manage, options),
            recorded=bool(junit),
            rcfile=rcfile,
            settings=kind.settings,
            parallel=kind.parallel,
        )
    named = [f"--ds={kind.settings}"] if kind.settings else []
    return commands.pytest(python, [*named, *options], junit=junit, rcfile=rcfile)


def _measured_by(workspace: Workspace, stage: str) -> str:
    """Return the settings of coverage, empty for a Python on which it is not measured."""
    config = workspace.config
    python = tool_versions.python_version(config.tool_python)
    if stage == "tests" and not matrix.measured(config, python):
        return ""
    return str(coverage_file(workspace))


def coverage_file(workspace: Workspace) -> Path:
    """Write the settings of coverage for this project, and return the file."""
    config, kind = workspace.config, workspace.config.tests
    texts = {
        name: (config.root / name).read_text(encoding="utf-8", errors="replace")
        for name, _ in coverage_settings.PLACES
        if (config.root / name).is_file()
    }
    file = config.reports / "coverage" / "settings.ini"
    text = coverage_settings.settings(texts, kind.files, processes=kind.runner == DJANGO)
    files.write_atomically(file, text.encode())
    return file


def _selection(
    workspace: Workspace, options: Sequence[str], arguments: Sequence[str], env: Mapping[str, str]
) -> int:
    workspace.terminal.say(
        "Running a selection of the tests: no verdict and no evidence will be written."
    )
    argv = _argv(workspace.config, options)
    ended = workspace.runner.run(argv, env=env, check=False, stream=True)
    if workspace.config.tests.runner == PYTEST:
        _require_selection(ended, arguments, _help(workspace.config))
    return ended.code


def keep(
    workspace: Workspace, stage: str, name: str, ended: Outcome, seed: int | None = None
) -> None:
    """Record the result of a runner, with the end of its output unless all tests passed.

    `name` is the Python, or the cell of the matrix; `seed` that of the random order.
    """
    output = "" if ended.code in (0, NO_TESTS) else ended.tail()
    ran = ToolResult(ended.code, "", output, 1)
    config = workspace.config
    tool = "django" if config.tests.runner == DJANGO else "pytest"
    version = tool_versions.version(tool, config.tool_python)
    record = ToolRecord(name, version, round(ended.seconds, 3), ran, seed)
    records.write_record(config, stage, record)


def _help(config: Config) -> str:
    names = ", ".join(f"`{name}`" for name in config.tests.parts)
    return f"After --, give {f'{names} or ' if names else ''}paths, then options of the runner."


def _require_known(config: Config, arguments: Sequence[str]) -> None:
    """Raise ConfigurationError for an argument that is neither a part nor a path."""
    parts = config.tests.parts
    for word in arguments:
        if word.startswith("-") or config.tests.runner == DJANGO:
            return
        if word not in parts and not (config.root / word.partition("::")[0]).exists():
            raise ConfigurationError(
                f"Unknown tests {word!r}.{nearest(word, parts)}", next_step=_help(config)
            )


def _require_selection(ended: Outcome, arguments: Sequence[str], parts: str) -> None:
    """Raise an error for arguments that pytest refuses, or that select no tests."""
    text = shlex.join(arguments)
    if ended.code == USAGE:
        raise ConfigurationError(
            f"pytest refused the arguments: {text}.", why=ended.tail(), next_step=parts
        )
    if ended.code == NO_TESTS:
        raise NothingToJudgeError(f"No tests match the arguments: {text}.")
