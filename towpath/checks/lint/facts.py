"""What the linters of a run found, counted for the gates."""

from __future__ import annotations

from collections.abc import Sequence

from towpath.checks import exclusions
from towpath.checks.facts import CheckFacts, status_of
from towpath.checks.lint import linters_commands as linters
from towpath.checks.lint import output as rows
from towpath.checks.lint.linters_commands import Linter
from towpath.checks.lint.readers.maintainability import Module
from towpath.checks.lint.readers.radon import Function
from towpath.checks.records import ToolRecord
from towpath.config import Config
from towpath.core.findings import Finding


def measure(config: Config, names: Sequence[str] = (), stage: str = "lint") -> CheckFacts:
    """Count the issues of every linter, or of these; one that cannot be read leaves them unknown.

    Issues that were found stay found, whatever else could not be read.
    """
    measured = CheckFacts()
    for tool in linters.LINTERS:
        if tool.name in names or not names and is_used(config, tool):
            measured.take(config, stage, tool.name, lambda row: _linted(measured, config, row))
        elif not names:
            why = f"the project has no {tool.only_with}"
            measured.rows.append((tool.name, "skipped", "", why))
    if measured.findings or not measured.unread:
        measured.facts["issues"] = len(measured.findings)
    return measured


def is_used(config: Config, tool: Linter) -> bool:
    """Tell whether a project uses a linter: some have nothing to judge without a certain file."""
    return not tool.only_with or (config.root / tool.only_with).exists()


def _linted(measured: CheckFacts, config: Config, record: ToolRecord) -> tuple[str, str]:
    if not record.files and _kind(record.name) in config.absent:
        return "skipped", "no such files, as declared in pyproject.toml"
    said = rows.all_findings(config.root, record)
    spared = f" ({record.reused} from cache)" if record.reused else ""
    if worst := _worst(measured, said):
        return "measured", f"{worst}{spared}"
    found = [row for row in said if isinstance(row, Finding)]
    measured.findings += found
    measured.facts[record.name] = len(found)
    excluded = measured.exclude(record.name, [*said, *exclusions.by_settings(config, record.name)])
    return status_of(found), f"issues: {len(found)}, files: {record.files}{spared}{excluded}"


def _worst(measured: CheckFacts, said: Sequence[rows.Row]) -> str:
    """Keep the worst of what is measured in numbers, and say it; empty if nothing is."""
    if functions := [row for row in said if isinstance(row, Function)]:
        most = max(functions, key=lambda function: function.complexity)
        measured.facts["complexity"] = most.complexity
        return f"most complex function: {most}"
    if modules := [row for row in said if isinstance(row, Module)]:
        least = min(modules, key=lambda module: module.index)
        measured.facts["maintainability"] = round(least.index, 2)
        return f"least maintainable module: {least}"
    return ""


def _kind(name: str) -> str:
    return next((tool.reads for tool in linters.LINTERS if tool.name == name), "")
