"""Measure the app's most used code paths, and compare them with the stored baseline."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from towpath.checks import benchmark_reader as benchmark
from towpath.checks import judge as judging
from towpath.checks import records, tool_versions
from towpath.checks.facts import CheckFacts, read_text, rounded
from towpath.checks.records import ToolRecord
from towpath.checks.tests import run as testing
from towpath.checks.tests import tests_commands as commands
from towpath.config import Config
from towpath.config.workspace import Workspace
from towpath.core import files
from towpath.core.errors import CommandFailedError, ConfigurationError
from towpath.core.findings import unread
from towpath.evidence import stage_inputs

RENEW = "--renew"


def performance(workspace: Workspace, arguments: Sequence[str] = ()) -> None:
    """Run the performance tests, and judge how much slower they are than the baseline.

    With `--renew`, the measurements become the baseline of this Python, without a verdict. Raises
    ConfigurationError for any other argument and without such tests, GateFailedError,
    NothingToJudgeError, and CommandFailedError if the tests fail with `--renew`.
    """
    if odd := [word for word in arguments if word != RENEW]:
        raise ConfigurationError(
            f"Unknown argument {odd[0]!r} for the performance tests.",
            why=f"All of them run always; the only option is {RENEW}, which updates the baseline.",
        )
    if not (workspace.config.root / commands.PERFORMANCE_TESTS).is_dir():
        raise ConfigurationError(
            "The project has no performance tests.",
            why=f"There is no directory {commands.PERFORMANCE_TESTS}.",
            next_step="Add tests there that use the fixture `benchmark` of pytest-benchmark.",
        )
    records.begin(workspace, "performance")
    report = records.benchmark_report(workspace.config)
    ended = workspace.runner.run(
        commands.pytest(workspace.config.tool_python, commands.PERFORMANCE, benchmark=str(report)),
        env=stage_inputs.passed_on(workspace.config, "performance"),
        check=False,
        log=workspace.config.log("pytest-performance"),
        stream=True,
    )
    files.redact(report)
    python = tool_versions.python_version(workspace.config.tool_python)
    testing.keep(workspace, "performance", python, ended)
    if not arguments:
        judging.judge(workspace, "performance", measure)
        return
    if not ended.ok:
        raise CommandFailedError(
            f"The baseline was not updated: the tests failed (pytest exit code {ended.code})."
        )
    _renew(workspace)


def measure(config: Config) -> CheckFacts:
    """Compare the app's hot paths with the baseline, each as a multiple of the reference."""
    measured = CheckFacts()

    def compare(record: ToolRecord) -> tuple[str, str]:
        if record.ran.code:
            raise unread("pytest", f"It ended with {record.ran.code}: {record.ran.stderr}")
        file = records.benchmark_report(config)
        found = benchmark.slowdowns(
            benchmark.read_benchmark(read_text(file)), read_text(baseline(config)), record.name
        )
        worst = max(found, key=lambda path: found[path])
        measured.facts.update(slowdown=round(found[worst], 3), paths=rounded(found))
        measured.artifacts.append(file)
        return (
            "measured",
            f"paths: {len(found)}, slowest: {worst}, {found[worst]:.2f} times the baseline",
        )

    for name in records.names(config, "performance"):
        measured.take(config, "performance", name, compare)
    return measured


def baseline(config: Config) -> Path:
    """Return the file of what the performance tests compare with; it is part of the source."""
    return config.root / "tests" / "performance" / "baseline.json"


def _renew(workspace: Workspace) -> None:
    """Update the baseline with the measurements."""
    file = baseline(workspace.config)
    python = tool_versions.python_version(workspace.config.tool_python)
    old = file.read_text(encoding="utf-8") if file.is_file() else ""
    found = benchmark.read_benchmark(
        records.benchmark_report(workspace.config).read_text(encoding="utf-8")
    )
    files.write_atomically(file, benchmark.renewed(found, old, python).encode())
    where = file.relative_to(workspace.config.root)
    workspace.terminal.say(f"Updated {where} for Python {python}. Have the change reviewed.")
