"""`python -m towpath baseline`: record what is missing, and lower what is better today."""

from __future__ import annotations

from collections.abc import Mapping

from towpath.checks import records
from towpath.checks.baseline_recording import describe
from towpath.checks.by_name import MEASURES
from towpath.checks.facts import CheckFacts
from towpath.config import Config
from towpath.config import baseline as values
from towpath.config.baseline import Baseline, Section
from towpath.config.workspace import Workspace
from towpath.core import files
from towpath.core.errors import ConfigurationError, NothingToJudgeError
from towpath.evidence import record as stages
from towpath.source import snapshot as source

_AGAIN = "Run the checks, then this command: nox -s lint tests security; invoke build"


def update(workspace: Workspace, *, lower: bool) -> None:
    """Record the values of the checks that ran, where the baseline has none of them yet.

    With `lower`, recorded values that are better today are lowered too; in CI they are only shown.
    Raises ConfigurationError without a file in the settings, NothingToJudgeError if no check has a
    result on the current files.
    """
    config = workspace.config
    _require_file(config)
    image = _image(workspace)
    ran = [name for name in MEASURES.keys() & {*values.SECTIONS} if records.fits(workspace, name)]
    ran = sorted([*ran, *(["scan"] if image else [])], key=values.SECTIONS.index)
    if not ran:
        raise NothingToJudgeError(
            "No check has a result for the current files.", why="", next_step=_AGAIN
        )
    sections = dict(config.baseline.sections)
    for name in ran:
        measured = image if image and name == "scan" else MEASURES[name](config)
        if measured.unread:
            workspace.terminal.warn(f"{name} is not recorded: {'; '.join(measured.unread)}")
        else:
            sections[name] = _section(sections.get(name), measured, lower=lower)
    _write(workspace, Baseline(sections))


def _require_file(config: Config) -> None:
    if not config.baseline_file:
        raise ConfigurationError(
            "The project has no baseline.",
            why="gates.baseline in [tool.towpath] names no file.",
            next_step=f'Add baseline = "{values.FILE}" to [tool.towpath.gates].',
        )


def _section(before: Section | None, measured: CheckFacts, *, lower: bool) -> Section:
    """Return the values of a check: today's where there are none, else as they may change."""
    if before is None:
        return measured.today
    kept = values.lowered(before, measured.today, measured.worse) if lower else before
    return values.with_new_tools(kept, measured.today)


def _image(workspace: Workspace) -> CheckFacts | None:
    """Return the size of the image that was built last, if it is one of this commit."""
    built = stages.read_statement(workspace.config, "build")
    above = built.facts.get("above_base") if built else None
    if built is None or not isinstance(above, Mapping) or not above:
        return None
    if built.facts.get("commit") != source.read_files(workspace).commit:
        return None
    return CheckFacts(today=values.of_size(max(above.values()) / 1e6, workspace.config.gates))


def _write(workspace: Workspace, new: Baseline) -> None:
    config = workspace.config
    changed = [
        name for name, row in new.sections.items() if config.baseline.sections.get(name) != row
    ]
    if not changed:
        workspace.terminal.say(f"{config.baseline_file}: nothing to change.")
        return
    for name in changed:
        workspace.terminal.say(f"  {name}: {describe(new.of(name))}")
    if config.in_ci:
        workspace.terminal.say(
            f"{config.baseline_file} is not written in CI: run this command and commit the file."
        )
        return
    files.write_atomically(config.root / config.baseline_file, new.text().encode())
    workspace.terminal.say(f"Wrote {config.baseline_file}: {', '.join(changed)}. Commit it.")
