"""What the linters of a run found, counted for the gates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from towpath import gates
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
        why = not_used(config, tool)
        if tool.name in names or not names and not why:
            measured.take(config, stage, tool.name, lambda row: _linted(measured, config, row))
        elif not names:
            measured.rows.append((tool.name, "skipped", "", why))
            measured.facts.setdefault("excluded_linters", {})[tool.name] = why
    if measured.findings or not measured.unread:
        measured.facts["issues"] = len(measured.findings)
    _compare(config, measured)
    return measured


def _compare(config: Config, measured: CheckFacts) -> None:
    """Store how far the gates are from the baseline, where it has anything of them."""
    before, now = config.baseline.of("lint"), measured.today
    had = sum(before.count(tool) for tool in before.findings)
    if had:
        have = sum(now.count(tool) for tool in now.findings)
        measured.note("LINT", f"{had} findings", f"{have}", _standard(config, "LINT"))
    for gate, old, new in (
        ("COMPLEXITY", before.functions, now.functions),
        ("MAINTAINABILITY", before.modules, now.modules),
    ):
        if old:
            what = "functions" if gate == "COMPLEXITY" else "modules"
            words = f"{len(old)} {what} beyond the standard"
            measured.note(gate, words, f"{len(new)}", _standard(config, gate))


def _standard(config: Config, gate: str) -> str:
    return str(gates.gate(gate, config.gates)).removeprefix(f"{gate} ")


def not_used(config: Config, tool: Linter) -> str:
    """Return why a project does not use a linter; empty if it does."""
    if tool not in linters.in_use(config.lint.linters):
        return "tool.towpath.lint.linters does not name it"
    if not _has_files(config, tool):
        return f"the project has no {' or '.join(tool.only_with)}"
    return ""


def _has_files(config: Config, tool: Linter) -> bool:
    return not tool.only_with or any(next(config.root.glob(row), None) for row in tool.only_with)


def _linted(measured: CheckFacts, config: Config, record: ToolRecord) -> tuple[str, str]:
    if not record.files and _kind(record.name) in config.absent:
        return "skipped", "no such files, as declared in pyproject.toml"
    said = rows.all_findings(config.root, record)
    spared = f" ({record.reused} from cache)" if record.reused else ""
    if worst := _worst(config, measured, said):
        return "measured", f"{worst}{spared}"
    every = [row for row in said if isinstance(row, Finding)]
    baseline = config.baseline.of("lint")
    found = measured.beyond(baseline, record.name, every)
    measured.findings += found
    measured.facts[record.name] = len(found)
    if len(found) < len(every) or baseline.count(record.name):
        spared += f", in the baseline: {len(every) - len(found)} of {len(every)}"
    excluded = measured.exclude(record.name, [*said, *exclusions.by_settings(config, record.name)])
    return status_of(found), f"issues: {len(found)}, files: {record.files}{spared}{excluded}"


def _worst(config: Config, measured: CheckFacts, said: Sequence[rows.Row]) -> str:
    """Keep the worst of what is measured in numbers, and say it; empty if nothing is.

    What the baseline has, and is no worse today, does not count.
    """
    if functions := [row for row in said if isinstance(row, Function)]:
        return _most_complex(config, measured, functions)
    if modules := [row for row in said if isinstance(row, Module)]:
        return _least_maintainable(config, measured, modules)
    return ""


def _most_complex(config: Config, measured: CheckFacts, functions: Sequence[Function]) -> str:
    before = config.baseline.of("lint").functions
    values: dict[str, float] = {
        f"{row.path} {row.name}": row.complexity for row in reversed(functions)
    }
    worse = [value for name, value in values.items() if value > before.get(name, -1)]
    measured.facts["complexity"] = max(worse, default=0)
    measured.today = replace(measured.today, functions=_failing(config, "COMPLEXITY", values))
    return f"most complex function: {max(functions, key=lambda row: row.complexity)}"


def _least_maintainable(config: Config, measured: CheckFacts, modules: Sequence[Module]) -> str:
    before = config.baseline.of("lint").modules
    values = {row.path: round(row.index, 2) for row in modules}
    worse = [value for name, value in values.items() if value < before.get(name, 101)]
    measured.facts["maintainability"] = min(worse, default=100.0)
    measured.today = replace(measured.today, modules=_failing(config, "MAINTAINABILITY", values))
    return f"least maintainable module: {min(modules, key=lambda row: row.index)}"


def _failing(config: Config, code: str, values: Mapping[str, float]) -> dict[str, float]:
    """Return the values that a gate without a baseline would not pass."""
    rule = gates.gate(code, config.gates)
    judged = {name: gates.evaluate(rule, value).status for name, value in values.items()}
    return {name: value for name, value in values.items() if judged[name] != gates.Status.PASSED}


def _kind(name: str) -> str:
    return next((tool.reads for tool in linters.LINTERS if tool.name == name), "")
