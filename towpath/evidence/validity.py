"""What makes evidence invalid: a statement is evaluated again by the local policy. Pure.

A statement is invalid for another commit, image or policy; where its attempt, its verdicts or the
statement that it reuses do not fit; where it is too old, or excludes an advisory that no waiver in
force covers. Of its verdicts only the facts count: each is compared with its limit again.

Two modules say what changes the hashes that are compared: `stage_inputs` (files, tools, variables,
the day) and `policy` (gates, waivers, settings). One function answers for a promotion, a
deployment, the lists, `gates.check` and reuse.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from towpath import gates
from towpath.evidence import advisory_sources as sources
from towpath.evidence import fields as predicate
from towpath.evidence.attempts import attempt_objections
from towpath.evidence.reused_statement import reuse_objections
from towpath.evidence.statement import Statement
from towpath.gates import Gate, Limits, Status, Verdict

# The stages whose evidence expires, because new vulnerabilities become known.
AGING = ("security", "scan")
# Under which names they keep what a waiver of an advisory excused, each as `...; waived: note`.
_WAIVED = ("advisories_waived", "waived")
_MARK = "; waived: "
# A stage with the name of an environment is evaluated by the gates of the plain stage.
_OF_ENVIRONMENT = re.compile(r"(deploy|verify)-[a-z0-9-]+")


@dataclass(frozen=True)
class JudgingRules:
    """The local policy, and the current time.

    `policy` is the policy's hash. `waived` maps gates to the notes of waivers in force, `excused`
    are the notes of those that name an advisory, `accepted` maps sources to theirs. `days` is how
    old an answer about advisories may be; None where its age does not matter.
    """

    policy: str
    now: dt.datetime
    limits: Limits = field(default_factory=dict)
    waived: Mapping[str, str] = field(default_factory=dict)
    excused: frozenset[str] = frozenset()
    accepted: Mapping[str, str] = field(default_factory=dict)
    days: int | None = gates.EVIDENCE_DAYS


def judged_as(stage: str) -> str:
    """Return the stage whose gates judge a stage: `verify-production` is judged as `verify`."""
    match = _OF_ENVIRONMENT.fullmatch(stage)
    return match[1] if match else stage


def verdicts(statement: Statement, rules: JudgingRules) -> tuple[Verdict, ...]:
    """Return the verdicts of the local gates on a statement's facts."""
    stage = judged_as(statement.stage)
    ages = sources.waived_ages(stage, statement.facts, rules.accepted, rules.limits)
    found = gates.judge(stage, statement.facts, rules.limits)
    return gates.waive(found, {**rules.waived, **ages})


def objections(
    statement: Statement,
    rules: JudgingRules,
    subject: Mapping[str, str] | None = None,
    originals: Mapping[str, Statement] | None = None,
) -> list[str]:
    """Return why a statement is invalid, whatever its facts are; empty if it is valid.

    `subject` are the digests that it must be about, if they are known; `originals` are the
    statements that others reuse, by sha256.
    """
    found = list(_of_time(statement, rules))
    found += _of_waived_advisories(statement, rules)
    found += _of_rows(statement, rules)
    if statement.status is Status.PASSED and statement.reason:
        found.append("is recorded as passed, but gives a reason why it did not pass")
    return [
        *mismatches(statement, subject or {}, rules.policy, originals),
        *(f"{statement.stage}: {row}" for row in found),
    ]


def reasons(statement: Statement, rules: JudgingRules) -> list[str]:
    """Return every objection to a statement, and every gate that it did not pass."""
    stage = statement.stage
    found = [f"{stage}: {row.gate} {words}" for row, words in not_passed(statement, rules)]
    return [*objections(statement, rules), *found, *broken(statement, rules)]


def broken(statement: Statement, rules: JudgingRules) -> list[str]:
    """Return why a stage did not pass although all of its gates did, if that is so."""
    if statement.status is Status.PASSED or any(not_passed(statement, rules)):
        return []
    reason = statement.reason or "no reason recorded"
    return [f"{statement.stage}: {statement.stage} {statement.status}: {reason}"]


def not_passed(statement: Statement, rules: JudgingRules) -> Iterator[tuple[Verdict, str]]:
    """Yield each verdict that does not let the statement pass, and why in words.

    The verdict is the local one; a verdict in the statement that did not pass counts too.
    """
    rows = _rows(statement)
    for verdict in verdicts(statement, rules):
        recorded = str(rows.get(verdict.gate, {}).get("status", ""))
        if verdict.status is Status.PASSED:
            if recorded and recorded != Status.PASSED:
                yield verdict, f"{recorded}: {rows[verdict.gate].get('reason', '')}"
        elif recorded != Status.PASSED:
            yield verdict, f"{verdict.status}: {verdict.reason}"
        elif _MARK in str(rows[verdict.gate].get("reason", "")):
            yield verdict, f"{verdict.status}: {verdict.reason}; no waiver for it is in force here"
        else:
            words = f"{verdict.status}: {verdict.reason}"
            yield verdict, f"{words}; but the statement records it as passed"


def _of_time(statement: Statement, rules: JudgingRules) -> Iterator[str]:
    try:
        started = predicate.moment(statement.started)
        ended = started + dt.timedelta(seconds=statement.duration)
    except (ValueError, OverflowError, TypeError):
        yield f"started at {statement.started!r}, which is not a valid time"
        return
    if ended > rules.now + dt.timedelta(seconds=gates.CLOCK_SKEW):
        now = rules.now.strftime(predicate.TIME)
        yield f"ended at {ended.strftime(predicate.TIME)}, which is in the future (it is {now})"
    if rules.days is None or judged_as(statement.stage) not in AGING:
        return
    age = rules.now - started
    if age > dt.timedelta(days=rules.days):
        yield f"is {age.days} days old; the limit is {rules.days} days (evidence-days)"


def _of_waived_advisories(statement: Statement, rules: JudgingRules) -> Iterator[str]:
    """Yield each advisory that was excluded from the counts and that no local waiver covers."""
    for name in _WAIVED:
        rows = statement.facts.get(name, ())
        if not isinstance(rows, list | tuple):
            yield f"its fact {name} is not a list"
            continue
        for row in map(str, rows):
            if not any(row.endswith(f"{_MARK}{note}") for note in rules.excused):
                yield f"excludes {row[: gates.SHOWN]}, which no waiver in force here covers"


def _of_rows(statement: Statement, rules: JudgingRules) -> Iterator[str]:
    """Yield where the verdicts of a statement differ from its facts and the local gates."""
    own = {row.code: row for row in gates.of_stage(judged_as(statement.stage), rules.limits)}
    seen: set[str] = set()
    for row in statement.verdicts:
        code = str(row.get("gate", ""))
        if code not in own:
            yield f"has a verdict of {code[: gates.SHOWN]}, which is not one of its gates"
        elif code in seen:
            yield f"has two verdicts of {code}"
        else:
            yield from _of_row(own[code], row, statement.facts.get(own[code].fact))
        seen.add(code)
    for code in own:
        if code not in seen:
            yield f"{code} was not evaluated"


def _of_row(rule: Gate, row: Mapping[str, Any], fact: object) -> Iterator[str]:
    value, limit = row.get("value"), row.get("limit")
    if (row.get("direction"), limit) != (rule.direction, rule.limit) or isinstance(limit, bool):
        recorded = f"{str(row.get('direction'))[:2]} {gates.shown(limit)}"
        yield f"{rule.code} was evaluated against {recorded}, not against {rule}"
    expected = gates.evaluate(rule, fact).value
    if value != expected or isinstance(value, bool):
        yield f"{rule.code} was evaluated with {gates.shown(value)}, but its fact is {expected}"


def _rows(statement: Statement) -> dict[str, Mapping[str, Any]]:
    return {str(row.get("gate", "")): row for row in statement.verdicts}


def reusable(statement: Statement | None, inputs: str, policy: str) -> bool:
    """Tell whether a stage need not run again: it passed, with the same inputs and policy."""
    return (
        statement is not None
        and statement.status is Status.PASSED
        and statement.inputs == inputs
        and statement.policy == policy
    )


def mismatches(
    statement: Statement,
    subject: Mapping[str, str],
    policy: str,
    originals: Mapping[str, Statement] | None = None,
) -> list[str]:
    """Return why a statement is not valid for a subject and policy; empty if it is.

    `subject` maps digest names to values; every one of them must be the statement's own.
    `originals` are the statements that others reuse, by sha256.
    """
    stage, seen = statement.stage, statement.subject.digest
    found = [
        f"{stage}: is about {name} {seen.get(name) or '(none)'}, not {value}"
        for name, value in subject.items()
        if seen.get(name) != value
    ]
    if statement.policy != policy:
        found.append(f"{stage}: was evaluated under another policy")
    found += attempt_objections(statement)
    if not _agrees_with_its_verdicts(statement):
        found.append(f"{stage}: is recorded as passed, but its verdicts are not")
    return found + reuse_objections(statement, originals or {})


def _agrees_with_its_verdicts(statement: Statement) -> bool:
    recorded = {str(verdict.get("status")) for verdict in statement.verdicts}
    return statement.status is not Status.PASSED or recorded <= {Status.PASSED.value}
