"""The first run of a check records its values in the baseline, if the project wants one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from towpath.checks.facts import CheckFacts
from towpath.config import Config
from towpath.config import baseline as values
from towpath.config.baseline import Baseline, Section
from towpath.config.workspace import Workspace
from towpath.core import files


def recorded(
    workspace: Workspace, stage: str, measure: Callable[[Config], CheckFacts]
) -> tuple[Workspace, CheckFacts]:
    """Measure a check; record its values when it runs for the first time, and measure again.

    Nothing is recorded in CI, of a check whose values could not be read, or where there is a
    section.
    """
    config, measured = workspace.config, measure(workspace.config)
    known = config.baseline.sections
    if not config.baseline_file or stage not in values.SECTIONS or stage in known:
        return workspace, measured
    missing = {name for name, rows in measured.findings_by_tool.items() if rows is None}
    if config.in_ci or missing - values.NEVER_RECORDED or measured.facts.get("tests_failed"):
        return workspace, measured
    new = Baseline({**known, stage: measured.today})
    files.write_atomically(config.root / config.baseline_file, new.text().encode())
    workspace.terminal.warn(
        f"Recorded the baseline of {stage} in {config.baseline_file}: {describe(measured.today)}."
        " From now on these values may not get worse. Commit the file."
    )
    workspace = replace(workspace, config=replace(config, baseline=new))
    return workspace, measure(workspace.config)


def describe(section: Section) -> str:
    """Return a section in one line."""
    parts = [f"findings of {tool}: {section.count(tool)}" for tool in section.findings]
    parts += [f"functions beyond the limit: {len(section.functions)}"] if section.functions else []
    parts += [f"modules beyond the limit: {len(section.modules)}"] if section.modules else []
    parts += [f"secrets: {len(section.secrets)}"] if section.secrets else []
    parts += [f"coverage: {section.coverage:g} %"] if section.coverage is not None else []
    parts += ["tests: 0"] if section.tests is not None else []
    return ", ".join(parts) or "meets the standard"
