"""Whether a statement is believed here: judged again by the policy of the side that judges. Pure.

A statement says what was measured and what the gates said of it. Only the first is taken over: each
fact is compared with its limit again, and whatever the statement says otherwise stands against it.
One function answers for a promotion, a deployment, the lists, `gates.check` and reuse.
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
from towpath.evidence import statement as evidence
from towpath.evidence.statement import Statement
from towpath.gates import Gate, Limits, Status, Verdict

# The stages whose answer grows old, because they ask what is known of vulnerabilities.
AGING = ("security", "scan")
# Under which names they keep what a waiver of an advisory excused, each as `...; waived: note`.
_WAIVED = ("advisories_waived", "waived")
_MARK = "; waived: "
# A stage of its own for each environment is judged as the stage that it is made of.
_OF_ENVIRONMENT = re.compile(r"(deploy|verify)-[a-z0-9-]+")


@dataclass(frozen=True)
class JudgingRules:
    """The policy of the side that judges, and its clock.

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
    """Return what the gates say of a statement's facts, here and now."""
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
    """Return why a statement cannot be believed, whatever its facts are; empty if it can.

    `subject` are the digests that it has to speak of, where they are known; `originals` are the
    statements that others rest on, by sha256.
    """
    found = list(_of_time(statement, rules))
    found += _of_waived_advisories(statement, rules)
    found += _of_rows(statement, rules)
    if statement.status is Status.PASSED and statement.reason:
        found.append("is recorded as passed, but gives a reason why it did not pass")
    return [
        *evidence.objections(statement, subject or {}, rules.policy, originals),
        *(f"{statement.stage}: {row}" for row in found),
    ]


def reasons(statement: Statement, rules: JudgingRules) -> list[str]:
    """Return everything that stands against a statement: objections, and gates it did not pass."""
    stage = statement.stage
    found = [f"{stage}: {row.gate} {words}" for row, words in not_passed(statement, rules)]
    return [*objections(statement, rules), *found, *broken(statement, rules)]


def broken(statement: Statement, rules: JudgingRules) -> list[str]:
    """Return why a stage did not pass although all of its gates did, if that is so."""
    if statement.status is Status.PASSED or any(not_passed(statement, rules)):
        return []
    said = statement.reason or "no reason recorded"
    return [f"{statement.stage}: {statement.stage} {statement.status}: {said}"]


def not_passed(statement: Statement, rules: JudgingRules) -> Iterator[tuple[Verdict, str]]:
    """Yield each verdict that does not let the statement pass, and why in words.

    The verdict is the one that the fact has here; what the statement says of it counts too.
    """
    rows = _rows(statement)
    for verdict in verdicts(statement, rules):
        said = str(rows.get(verdict.gate, {}).get("status", ""))
        if verdict.status is Status.PASSED:
            if said and said != Status.PASSED:
                yield verdict, f"{said}: {rows[verdict.gate].get('reason', '')}"
        elif said != Status.PASSED:
            yield verdict, f"{verdict.status}: {verdict.reason}"
        elif _MARK in str(rows[verdict.gate].get("reason", "")):
            yield verdict, f"{verdict.status}: {verdict.reason}; no waiver for it is in force here"
        else:
            yield verdict, f"{verdict.status}: {verdict.reason}; but the statement records it as passed"


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
    """Yield each advisory that was left out of the counts and that no waiver here excuses."""
    for name in _WAIVED:
        rows = statement.facts.get(name, ())
        if not isinstance(rows, list | tuple):
            yield f"its fact {name} is not a list"
            continue
        for row in map(str, rows):
            if not any(row.endswith(f"{_MARK}{note}") for note in rules.excused):
                yield f"excludes {row[: gates.SHOWN]}, which no waiver in force here covers"


def _of_rows(statement: Statement, rules: JudgingRules) -> Iterator[str]:
    """Yield what the verdicts of a statement say otherwise than its facts and the gates here."""
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
        said = f"{str(row.get('direction'))[:2]} {gates.shown(limit)}"
        yield f"{rule.code} was evaluated against {said}, not against {rule}"
    expected = gates.evaluate(rule, fact).value
    if value != expected or isinstance(value, bool):
        yield f"{rule.code} was evaluated with {gates.shown(value)}, but its fact is {expected}"


def _rows(statement: Statement) -> dict[str, Mapping[str, Any]]:
    return {str(row.get("gate", "")): row for row in statement.verdicts}
