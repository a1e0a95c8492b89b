"""The first run of a check records its values in the baseline, if the project wants one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
    workspace = _write(workspace, stage, measured.today)
    return workspace, measure(workspace.config)


def size_recorded(workspace: Workspace, above_base: Mapping[str, int]) -> Workspace:
    """Record the size of an image that is beyond the limit; return the workspace with the baseline.

    `above_base` are compressed bytes above the base image, by platform. Nothing is recorded in CI,
    for an image that meets the limit, or where there is a value.
    """
    config = workspace.config
    new = values.of_size(max(above_base.values(), default=0) / 1e6, config.gates)
    known = config.baseline.sections
    if not config.baseline_file or config.in_ci or "scan" in known or new.size is None:
        return workspace
    return _write(workspace, "scan", new)


def _write(workspace: Workspace, stage: str, section: Section) -> Workspace:
    """Add a section to the file of the baseline; return the workspace that has it."""
    config = workspace.config
    new = Baseline({**config.baseline.sections, stage: section})
    files.write_atomically(config.root / config.baseline_file, new.text().encode())
    workspace.terminal.warn(
        f"Recorded the baseline of {stage} in {config.baseline_file}: {describe(section)}."
        " From now on these values may not get worse. Commit the file."
    )
    return replace(workspace, config=replace(config, baseline=new))


def describe(section: Section) -> str:
    """Return a section in one line."""
    parts = [f"findings of {tool}: {section.count(tool)}" for tool in section.findings]
    parts += [f"functions beyond the limit: {len(section.functions)}"] if section.functions else []
    parts += [f"modules beyond the limit: {len(section.modules)}"] if section.modules else []
    parts += [f"secrets: {len(section.secrets)}"] if section.secrets else []
    parts += [f"coverage: {section.coverage:g} %"] if section.coverage is not None else []
    parts += ["tests: 0"] if section.tests is not None else []
    parts += [f"image: {section.size:g} MB"] if section.size is not None else []
    return ", ".join(parts) or "meets the standard"
