"""What was found in our code, its secrets and its dependencies, counted for the gates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from towpath.checks import records
from towpath.checks.facts import CheckFacts, status_of
from towpath.checks.lint.readers import bandit
from towpath.checks.records import ToolRecord
from towpath.checks.security import advisories_reader as advisories
from towpath.checks.security import secrets_reader as secrets
from towpath.config import Config
from towpath.config import waivers as policy
from towpath.core.findings import Finding
from towpath.evidence import advisory_sources as sources


def measure(config: Config) -> CheckFacts:
    """Count findings in our code and advisories on our dependencies, by severity.

    Raises NothingToJudgeError for a result that cannot be read.
    """
    measured = CheckFacts()
    measured.take(
        config, "security", "bandit", lambda record: _weaknesses(measured, config, record)
    )
    measured.take(
        config, "security", secrets.TOOL, lambda record: _secrets(measured, config, record)
    )
    _advisories(measured, config)
    return measured


def _advisories(measured: CheckFacts, config: Config) -> None:
    """Count the advisories that no waiver names, by severity, and name those that one does."""
    said = records.read_document(config, "security", "advisories")
    if "reason" in said:
        measured.miss("advisories", str(said["reason"]))
        return
    rows = [advisories.Advisory.from_json(row) for row in said["findings"]]
    notes = policy.advisory_notes(config.waivers)
    counting = [row for row in rows if not row.waived(notes)]
    counts = advisories.by_severity(counting)
    measured.facts.update({f"advisories_{name}": count for name, count in counts.items()})
    source = sources.AdvisorySource(**said["source"])
    measured.facts.update(sources.facts([source]))
    measured.facts["advisories_waived"] = _waived(rows, notes)
    measured.warnings += [policy.unused_warning(name) for name in advisories.unused(notes, rows)]
    found = tuple(_as_finding(row, str(said["file"])) for row in counting)
    measured.findings_by_tool["advisories"] = found
    measured.findings += found
    words = f"advisories: {len(counting)}, waived: {len(rows) - len(counting)}; source: {source}"
    measured.rows.append(("advisories", status_of(counting), "", words))


def _waived(rows: Sequence[advisories.Advisory], notes: Mapping[str, str]) -> list[str]:
    return [f"{row}; waived: {row.waived(notes)}" for row in rows if row.waived(notes)]


def _as_finding(row: advisories.Advisory, file: str) -> Finding:
    return Finding(file, 0, row.id, row.words(), row.severity)


def _weaknesses(measured: CheckFacts, config: Config, record: ToolRecord) -> tuple[str, str]:
    said = bandit.read_bandit(record.ran)
    every = [row for row in said if isinstance(row, Finding)]
    before = config.baseline.of("security")
    found = measured.beyond(before, record.name, every)
    if had := before.count(record.name):
        for gate in ("CODE_CRITICAL", "CODE_HIGH"):
            measured.note(gate, f"{had} findings of bandit", f"{len(every)}", "<= 0")
    measured.findings += found
    counts = bandit.by_severity(found)
    measured.facts.update({f"code_{name}": count for name, count in counts.items()})
    excluded = measured.exclude(record.name, said)
    return status_of(found), f"findings: {len(found)}, files: {record.ran.files}{excluded}"


def _secrets(measured: CheckFacts, config: Config, record: ToolRecord) -> tuple[str, str]:
    found = secrets.read_secrets(record.ran, secrets.baseline(secrets_baseline(config)))
    before = set(config.baseline.of("security").secrets)
    new = [row for row, name in zip(found.findings, found.names, strict=True) if name not in before]
    measured.today = replace(measured.today, secrets=tuple(sorted(set(found.names))))
    if before:
        measured.note("SECRETS", f"{len(before)} secrets", f"{len(found.findings)}", "<= 0")
    measured.findings += new
    measured.facts.update(
        secrets=len(new),
        secrets_reviewed=found.reviewed,
        secrets_stale=list(found.stale),
        secrets_files=found.scanned,
    )
    measured.warnings += [
        f"{secrets.BASELINE} has an entry for a secret that no longer exists: {row}. Remove it."
        for row in found.stale
    ]
    words = f"secrets: {len(new)}, reviewed: {found.reviewed}, files: {found.scanned}"
    return status_of(new), words + measured.exclude(record.name, found.allowed)


def secrets_baseline(config: Config) -> str:
    """Return the project's baseline of reviewed secrets; empty where it has none."""
    file = config.root / secrets.BASELINE
    return file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""
