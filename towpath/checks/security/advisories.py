"""Look up advisories for dependencies, from the first source that responds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

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
from towpath.evidence.advisory_sources import AdvisorySource
from towpath.source import tool_env as tools

Pins = Sequence[tuple[str, str]]

PATIENCE = 10  # seconds that pip-audit waits for an answer
DEADLINE = 300  # seconds for one run of a tool
VARIABLE = "TOWPATH_ADVISORIES"
# The first address that each tool requests, which shows early whether it can be reached.
SAFETY = "https://pyup.io/aws/safety/free/insecure.json"
INDEX = "https://pypi.org/pypi/pip/24.0/json"
# The largest file of advisories that is read, in bytes.
LARGEST = 256 << 20


@dataclass(frozen=True)
class Advisories:
    """The advisories that a source reported, and which source that was."""

    source: AdvisorySource
    findings: tuple[Advisory, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many findings there are of each severity, zeros included."""
        return by_severity(self.findings)

    def as_json(self) -> dict[str, Any]:
        """Return plain values, for a record."""
        return asdict(self)


def addresses(workspace: Workspace) -> tuple[str, ...]:
    """Return the addresses that an audit would request."""
    return () if workspace.config.env.get(VARIABLE) else (SAFETY, INDEX)


def audit(workspace: Workspace, pins: Pins, missing: Mapping[str, str] | None = None) -> Advisories:
    """Return the advisories for these pins, (name, version) each.

    With TOWPATH_ADVISORIES, a directory in safety's format, only that is used. Otherwise safety's
    server, and if it gives no answer the package index through pip-audit. `missing` maps addresses
    that cannot be reached to the reason; without it that is checked first, since the tools have
    long timeouts. Raises NothingToJudgeError, with every source and reason, if none responds or
    there are no pins, and ConfigurationError for an invalid directory.
    """
    if not pins:
        raise NothingToJudgeError("No dependencies are pinned, so no advisories can be looked up.")
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
        "No source of advisories could be reached.",
        why=" ".join(reasons),
        next_step=(
            "Run it with network access, or set TOWPATH_ADVISORIES to a directory of" " advisories."
        ),
    )


def _sources(workspace: Workspace, pins: Pins) -> dict[str, Callable[[], Advisories]]:
    """Return a function for each source, by address, in the order in which they are tried."""
    if named := workspace.config.env.get(VARIABLE, ""):
        return {named: lambda: _directory(workspace, pins, workspace.config.root / named)}
    return {SAFETY: lambda: _server(workspace, pins), INDEX: lambda: _pip_audit(workspace, pins)}


def _directory(workspace: Workspace, pins: Pins, directory: Path) -> Advisories:
    """Look up advisories in the directory that the environment names, of unknown origin."""
    age = _age(directory)
    source = AdvisorySource(
        "safety", str(_shown(workspace, directory)), "nothing", age, foreign=True
    )
    return Advisories(source, _safety(workspace, pins, str(directory)))


def _server(workspace: Workspace, pins: Pins) -> Advisories:
    return Advisories(AdvisorySource("safety", SAFETY, "https", 0.0), _safety(workspace, pins))


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
    return Advisories(
        AdvisorySource("pip-audit", "https://pypi.org/pypi", "https", 0.0), tuple(found)
    )


def _ask(workspace: Workspace, argv: Sequence[str], pins: Pins) -> ToolResult:
    tool = argv[2].replace("_", "-")
    log = workspace.config.log(tool)
    with private.home() as home:
        ended = workspace.runner.run(argv, env=home, check=False, timeout=DEADLINE, log=log)
    return ToolResult(ended.code, ended.stdout, ended.stderr, len(pins))


def _pins(workspace: Workspace, pins: Pins) -> str:
    """Write the pins without hashes and markers to a file, and return its path."""
    file = workspace.config.reports / "checks" / "pins.txt"
    files.write_atomically(file, audits.pins_text(pins).encode())
    return str(file)


def _shown(workspace: Workspace, directory: Path) -> Path:
    """Return a directory relative to the project's root, if it is below that."""
    root = workspace.config.root
    return directory.relative_to(root) if directory.is_relative_to(root) else directory


def _age(directory: Path) -> float:
    """Return the age in days of the older of a directory's two files of advisories.

    Raises ConfigurationError for an invalid directory, NothingToJudgeError if it lists no package
    or has a date in the future. Safety itself crashes if `$meta` lacks its keys.
    """
    files = [_file(directory, name) for name in ("insecure.json", "insecure_full.json")]
    if not all(packages for _, packages in files):
        raise NothingToJudgeError(f"The advisories in {directory} list no packages.")
    ages = [(stages.now() - made).total_seconds() / 86400 for made, _ in files]
    # Clocks may differ a little.
    if min(ages) < -1:
        raise NothingToJudgeError(f"The advisories in {directory} have a date in the future.")
    return round(max(0.0, *ages), 1)


def _file(directory: Path, name: str) -> tuple[dt.datetime, int]:
    """Return the creation time of a file of advisories, and its number of packages."""
    try:
        document = documents.loads((directory / name).read_bytes(), LARGEST)
        meta = document["$meta"]
        if not meta["base_domain"]:
            raise ValueError("its base_domain is empty")
        made = dt.datetime.fromtimestamp(meta["timestamp"], dt.UTC)
    except (OSError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise ConfigurationError(
            f"TOWPATH_ADVISORIES is not a directory of advisories: {directory}",
            why=f"{name}: {documents.reason(error)}",
            next_step=(
                "The directory needs insecure.json and insecure_full.json, each with a" " $meta."
            ),
        ) from error
    return made, len(document) - 1
