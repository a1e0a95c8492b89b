"""Known weaknesses of our dependencies: asked of one source, or of the next if it cannot answer."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from towpath.commands import audits
from towpath.errors import CommandFailedError, ConfigurationError, NothingToJudgeError
from towpath.flows import files, stages, tools
from towpath.flows.session import Session
from towpath.readers import pip_audit, safety
from towpath.readers.advisories import Advisory, by_severity
from towpath.readers.findings import Ran

Pins = Sequence[tuple[str, str]]

PATIENCE = 10
DEADLINE = 300


@dataclass(frozen=True)
class Advisories:
    """What a source said. `age_days` is the age of its data, None where it does not say."""

    source: str
    age_days: float | None
    findings: tuple[Advisory, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many findings there are of each severity, zeros included."""
        return by_severity(self.findings)

    def as_json(self) -> dict[str, Any]:
        """Return plain values, for a record."""
        return asdict(self)


def audit(session: Session, pins: Pins) -> Advisories:
    """Ask for advisories against these pins, (name, version) each.

    With TOWPATH_ADVISORIES, a directory in the form that safety reads, only that is asked. Else
    safety's server, and if it gives no answer the index that pip-audit asks. Raises
    NothingToJudgeError, naming every source and why, if none could be asked; no pin at all is
    nothing to ask about either.
    """
    if not pins:
        raise NothingToJudgeError("There is no dependency to ask advisories about.")
    sources: list[Callable[[], Advisories]]
    if named := session.config.env.get("TOWPATH_ADVISORIES", ""):
        directory = session.config.root / named
        age = _age(directory)
        sources = [lambda: _safety(session, pins, directory, age)]
    else:
        sources = [lambda: _safety(session, pins), lambda: _pip_audit(session, pins)]
    reasons = []
    for ask in sources:
        try:
            return ask()
        except (NothingToJudgeError, CommandFailedError) as error:
            reasons.append(f"{error.what} {error.why}".strip())
    raise NothingToJudgeError(
        "No source of advisories could be asked.",
        why=" ".join(reasons),
        next_step="Run it where the network is, or name a directory in TOWPATH_ADVISORIES.",
    )


def _safety(
    session: Session, pins: Pins, directory: Path | None = None, age: float | None = None
) -> Advisories:
    place = tools.environment(session, "safety")
    found: list[Advisory] = []
    for some in audits.rounds(pins):
        ran = _ask(session, audits.safety(place, _pins(session, some), str(directory or "")), some)
        found += safety.read(ran, some)
    where = f"the directory {_shown(session, directory)}" if directory else "its server"
    return Advisories(f"safety, {where}", age, tuple(found))


def _pip_audit(session: Session, pins: Pins) -> Advisories:
    place = tools.environment(session, "pip-audit")
    found: list[Advisory] = []
    for some in audits.rounds(pins):
        ran = _ask(session, audits.pip_audit(place, _pins(session, some), PATIENCE), some)
        found += pip_audit.read(ran, some)
    return Advisories("pip-audit, the package index", None, tuple(found))


def _ask(session: Session, argv: Sequence[str], pins: Pins) -> Ran:
    tool = argv[2].replace("_", "-")
    log = session.config.reports / "logs" / f"{tool}.log"
    ended = session.runner.run(argv, check=False, timeout=DEADLINE, log=log)
    return Ran(ended.code, ended.stdout, ended.stderr, len(pins))


def _pins(session: Session, pins: Pins) -> str:
    """Write the pins where a source can read them, without hashes and markers, and return where."""
    file = session.config.reports / "checks" / "pins.txt"
    files.write_whole(file, audits.pins_text(pins).encode())
    return str(file)


def _shown(session: Session, directory: Path) -> Path:
    """Return a directory as evidence names it: below the root of the project where it is there."""
    root = session.config.root
    return directory.relative_to(root) if directory.is_relative_to(root) else directory


def _age(directory: Path) -> float:
    """Return the age in days of a directory of advisories; raises ConfigurationError if it is none.

    Safety itself crashes without a word of use where `$meta` lacks its keys.
    """
    file = directory / "insecure_full.json"
    try:
        meta = json.loads(file.read_text(encoding="utf-8"))["$meta"]
        if not (meta["base_domain"] and (directory / "insecure.json").is_file()):
            raise ValueError("its base_domain is empty, or insecure.json is not beside it")
        made = dt.datetime.fromtimestamp(meta["timestamp"], dt.UTC)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ConfigurationError(
            f"TOWPATH_ADVISORIES names no directory of advisories: {directory}",
            why=f"insecure_full.json: {type(error).__name__}: {error}",
            next_step="It holds insecure.json and insecure_full.json, each with a $meta.",
        ) from error
    return round((stages.now() - made).total_seconds() / 86400, 1)
