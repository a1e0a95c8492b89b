"""Known weaknesses of our dependencies: asked of one source, or of the next if it cannot answer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from towpath.checks import tool_env as tools
from towpath.checks.security import audits_commands as audits
from towpath.checks.security import pip_audit_reader as pip_audit
from towpath.checks.security import safety_reader as safety
from towpath.checks.security.advisories_reader import Advisory, by_severity
from towpath.config.workspace import Workspace
from towpath.core import documents, files, reachable
from towpath.core import tool_home as private
from towpath.core.errors import CommandFailedError, ConfigurationError, NothingToJudgeError
from towpath.core.findings import ToolResult
from towpath.evidence import record as stages
from towpath.evidence.advisory_sources import Asked

Pins = Sequence[tuple[str, str]]

PATIENCE = 10
DEADLINE = 300
VARIABLE = "TOWPATH_ADVISORIES"
# What each tool asks first, and by which it is known soon whether it could get an answer.
SAFETY = "https://pyup.io/aws/safety/free/insecure.json"
INDEX = "https://pypi.org/pypi/pip/24.0/json"
# Bytes of a file of advisories, far more than all that are known.
LARGEST = 256 << 20


@dataclass(frozen=True)
class Advisories:
    """What a source said, and which it was."""

    asked: Asked
    findings: tuple[Advisory, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many findings there are of each severity, zeros included."""
        return by_severity(self.findings)

    def as_json(self) -> dict[str, Any]:
        """Return plain values, for a record."""
        return asdict(self)


def addresses(workspace: Workspace) -> tuple[str, ...]:
    """Return whom an audit would ask over the network."""
    return () if workspace.config.env.get(VARIABLE) else (SAFETY, INDEX)


def audit(workspace: Workspace, pins: Pins, missing: Mapping[str, str] | None = None) -> Advisories:
    """Ask for advisories against these pins, (name, version) each.

    With TOWPATH_ADVISORIES, a directory in the form that safety reads, only that is asked. Else
    safety's server, and if it gives no answer the index that pip-audit asks. Raises
    NothingToJudgeError, naming every source and why, if none could be asked; no pin at all is
    nothing to ask about either. `missing` says who is known to be out of reach, and why; without
    it that is found out first, since the tools themselves wait long.
    """
    if not pins:
        raise NothingToJudgeError("There is no dependency to ask advisories about.")
    sources = _sources(workspace, pins)
    if missing is None:
        missing = reachable.unreachable(addresses(workspace))
    reasons = [f"{row}: {missing[row]}" for row in sources if row in missing]
    for ask in (ask for row, ask in sources.items() if row not in missing):
        try:
            return ask()
        except (NothingToJudgeError, CommandFailedError) as error:
            reasons.append(f"{error.what} {error.why}".strip())
    raise NothingToJudgeError(
        "No source of advisories could be asked.",
        why=" ".join(reasons),
        next_step="Run it where the network is, or name a directory in TOWPATH_ADVISORIES.",
    )


def _sources(workspace: Workspace, pins: Pins) -> dict[str, Callable[[], Advisories]]:
    """Return how each source is asked, by its address, in the order in which they are asked."""
    if named := workspace.config.env.get(VARIABLE, ""):
        return {named: lambda: _directory(workspace, pins, workspace.config.root / named)}
    return {SAFETY: lambda: _server(workspace, pins), INDEX: lambda: _pip_audit(workspace, pins)}


def _directory(workspace: Workspace, pins: Pins, directory: Path) -> Advisories:
    """Ask a directory that the environment names: nothing shows whose data that is."""
    age = _age(directory)
    asked = Asked("safety", str(_shown(workspace, directory)), "nothing", age, foreign=True)
    return Advisories(asked, _safety(workspace, pins, str(directory)))


def _server(workspace: Workspace, pins: Pins) -> Advisories:
    return Advisories(Asked("safety", SAFETY, "https", 0.0), _safety(workspace, pins))


def _safety(workspace: Workspace, pins: Pins, directory: str = "") -> tuple[Advisory, ...]:
    place = tools.environment(workspace, "safety")
    found: list[Advisory] = []
    for some in audits.rounds(pins):
        ran = _ask(workspace, audits.safety(place, _pins(workspace, some), directory), some)
        found += safety.read_safety(ran, some)
    return tuple(found)


def _pip_audit(workspace: Workspace, pins: Pins) -> Advisories:
    place = tools.environment(workspace, "pip-audit")
    found: list[Advisory] = []
    for some in audits.rounds(pins):
        ran = _ask(workspace, audits.pip_audit(place, _pins(workspace, some), PATIENCE), some)
        found += pip_audit.read_pip_audit(ran, some)
    return Advisories(Asked("pip-audit", "https://pypi.org/pypi", "https", 0.0), tuple(found))


def _ask(workspace: Workspace, argv: Sequence[str], pins: Pins) -> ToolResult:
    tool = argv[2].replace("_", "-")
    log = workspace.config.log(tool)
    with private.home() as home:
        ended = workspace.runner.run(argv, env=home, check=False, timeout=DEADLINE, log=log)
    return ToolResult(ended.code, ended.stdout, ended.stderr, len(pins))


def _pins(workspace: Workspace, pins: Pins) -> str:
    """Write the pins where a source can read them, without hashes and markers, and return where."""
    file = workspace.config.reports / "checks" / "pins.txt"
    files.write_atomically(file, audits.pins_text(pins).encode())
    return str(file)


def _shown(workspace: Workspace, directory: Path) -> Path:
    """Return a directory as evidence names it: below the root of the project where it is there."""
    root = workspace.config.root
    return directory.relative_to(root) if directory.is_relative_to(root) else directory


def _age(directory: Path) -> float:
    """Return the age in days of the older of a directory's two files of advisories.

    Raises ConfigurationError if it is no such directory, NothingToJudgeError if it names no package
    or is from the future. Safety itself crashes without a word of use where `$meta` lacks its keys.
    """
    files = [_file(directory, name) for name in ("insecure.json", "insecure_full.json")]
    if not all(packages for _, packages in files):
        raise NothingToJudgeError(f"The advisories in {directory} name no package at all.")
    ages = [(stages.now() - made).total_seconds() / 86400 for made, _ in files]
    # A clock may be a little behind.
    if min(ages) < -1:
        raise NothingToJudgeError(f"The advisories in {directory} are from the future.")
    return round(max(0.0, *ages), 1)


def _file(directory: Path, name: str) -> tuple[dt.datetime, int]:
    """Return when a file of advisories was made, and how many packages it names."""
    try:
        document = documents.loads((directory / name).read_bytes(), LARGEST)
        meta = document["$meta"]
        if not meta["base_domain"]:
            raise ValueError("its base_domain is empty")
        made = dt.datetime.fromtimestamp(meta["timestamp"], dt.UTC)
    except (OSError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise ConfigurationError(
            f"TOWPATH_ADVISORIES names no directory of advisories: {directory}",
            why=f"{name}: {type(error).__name__}: {error}",
            next_step="It holds insecure.json and insecure_full.json, each with a $meta.",
        ) from error
    return made, len(document) - 1
