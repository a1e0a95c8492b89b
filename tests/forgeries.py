"""The forgery table: a set of statements with one lie in it, and the reason it is refused for.

Each is a row for test_forgeries.py. What a registry can be made to say besides is in
flows/test_forged_registry.py.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.registry_server import NAME
from tests.releases import SOURCE, START
from towpath.core.subject import Subject
from towpath.evidence import record as stages
from towpath.evidence.attempts import next_attempt
from towpath.evidence.reused_statement import reuse_statement
from towpath.evidence.statement import Statement
from towpath.gates import Status

DIGEST, OTHER = f"sha256:{'d' * 64}", f"sha256:{'e' * 64}"
NOW = START + dt.timedelta(hours=1)
SHA = hashlib.sha256(b"").hexdigest()

Held = dict[str, Statement]
Forgery = Callable[[Held], list[Statement]]


def change(stage: str, /, **fields: Any) -> Forgery:
    """Return the forgery that replaces fields of a stage's statement."""
    return lambda held: [*{**held, stage: replace(held[stage], **fields)}.values()]


def facts(stage: str, **values: Any) -> Forgery:
    """Return the forgery that replaces facts of a stage; None takes one away."""

    def act(held: Held) -> list[Statement]:
        found = {**held[stage].facts, **values}
        kept = {key: value for key, value in found.items() if value is not None}
        return change(stage, facts=kept)(held)

    return act


def verdict(stage: str, gate: str, **values: Any) -> Forgery:
    """Return the forgery that changes the verdict of a gate."""

    def act(held: Held) -> list[Statement]:
        rows = [{**row, **values} if row["gate"] == gate else row for row in held[stage].verdicts]
        return change(stage, verdicts=tuple(rows))(held)

    return act


def both(stage: str, gate: str, fact: str, value: Any, **values: Any) -> Forgery:
    """Return the forgery that changes a fact and the value of its verdict with it."""

    def act(held: Held) -> list[Statement]:
        (changed,) = (row for row in facts(stage, **{fact: value})(held) if row.stage == stage)
        return verdict(stage, gate, value=value, **values)({**held, stage: changed})

    return act


def more(stage: str, **row: Any) -> Forgery:
    """Return the forgery that adds a verdict, like the first of the stage but for these values."""
    return lambda held: change(
        stage, verdicts=(*held[stage].verdicts, {**held[stage].verdicts[0], **row})
    )(held)


def again(stage: str, /, **fields: Any) -> Forgery:
    """Return the forgery that adds one more statement of a stage."""
    return lambda held: [*held.values(), replace(held[stage], **fields)]


def hidden_failure(held: Held, **carrier: Any) -> list[Statement]:
    """Let the last attempt fail, and another statement say that it only rests on that."""
    lint = held["lint"]
    attempt, repeats = next_attempt(lint, lint.subject, lint.policy)
    rows = tuple({**row, "status": "failed"} for row in lint.verdicts)
    failed = replace(
        lint,
        attempt=attempt,
        repeats=repeats,
        started=stages.stamp(START + dt.timedelta(minutes=5)),
        status=Status.FAILED,
        reason="it failed",
        verdicts=rows,
    )
    hides = replace(lint, **{"reuses": {"sha256": failed.sha256}, **carrier})
    return [*held.values(), failed, hides]


def resting(**fields: Any) -> Forgery:
    """Return the forgery of a statement that rests on one of an earlier commit, changed then."""

    def act(held: Held) -> list[Statement]:
        earlier = replace(held["lint"], subject=Subject.commit("1" * 40, "2" * 40))
        carried = replace(reuse_statement(earlier, SOURCE.subject), **fields)
        return [*{**held, "lint": carried}.values(), earlier]

    return act


FAILED = "issues is 0; required: LINT <= 0"
FAR = stages.stamp(NOW + dt.timedelta(minutes=6))
OLD = START - dt.timedelta(days=31)
FORGERIES: dict[str, tuple[Forgery, tuple[str, ...]]] = {
    "a value below its limit that is said to have passed": (
        both("tests", "COVERAGE", "coverage", 3),
        (
            "tests: COVERAGE failed: coverage is 3 %; required: COVERAGE >= 80 %;"
            " but the statement records it as passed",
        ),
    ),
    "a fact below its limit under a good verdict": (
        facts("tests", coverage=3),
        (
            "tests: COVERAGE was evaluated with 80, but its fact is 3",
            "tests: COVERAGE failed: coverage is 3 %; required: COVERAGE >= 80 %;"
            " but the statement records it as passed",
        ),
    ),
    "a verdict on a better value than the fact": (
        verdict("tests", "COVERAGE", value=99),
        ("tests: COVERAGE was evaluated with 99, but its fact is 80",),
    ),
    "NaN": (
        both("tests", "COVERAGE", "coverage", float("nan")),
        (
            "tests: COVERAGE was evaluated with nan, but its fact is None",
            "tests: COVERAGE errored: coverage: nan is not a number; but"
            " the statement records it as passed",
        ),
    ),
    "infinity": (
        both("tests", "TESTS_RUN", "tests_run", float("inf")),
        (
            "tests: TESTS_RUN was evaluated with inf, but its fact is None",
            "tests: TESTS_RUN errored: tests_run: inf is not a number; but"
            " the statement records it as passed",
        ),
    ),
    "a truth value for a number": (
        both("lint", "LINT", "issues", False),
        (
            "lint: LINT was evaluated with False, but its fact is None",
            "lint: LINT errored: issues: False is not a number; but the"
            " statement records it as passed",
        ),
    ),
    "a text for a number": (
        both("lint", "LINT", "issues", "0"),
        (
            "lint: LINT was evaluated with '0', but its fact is None",
            "lint: LINT errored: issues: '0' is not a number; but the"
            " statement records it as passed",
        ),
    ),
    "a list for a number": (
        both("lint", "LINT", "issues", [0]),
        (
            "lint: LINT was evaluated with [0], but its fact is None",
            "lint: LINT errored: issues: [0] is not a number; but the"
            " statement records it as passed",
        ),
    ),
    "fewer than none": (
        both("tests", "TESTS_FAILED", "tests_failed", -1),
        (
            "tests: TESTS_FAILED was evaluated with -1, but its fact is None",
            "tests: TESTS_FAILED errored: tests_failed: -1 is negative;"
            " but the statement records it as passed",
        ),
    ),
    "more than all": (
        both("tests", "COVERAGE", "coverage", 101),
        (
            "tests: COVERAGE was evaluated with 101, but its fact is None",
            "tests: COVERAGE errored: coverage: 101 is more than 100 %; but"
            " the statement records it as passed",
        ),
    ),
    "a number without end": (
        both("tests", "TESTS_RUN", "tests_run", 10**400),
        (
            "tests: TESTS_RUN was evaluated with a huge number, but its fact is None",
            "tests: TESTS_RUN errored: tests_run: a huge number is not a number;"
            " but the statement records it as passed",
        ),
    ),
    "no fact": (
        facts("scan", sbom_missing=None),
        (
            "scan: SBOM_MISSING was evaluated with 0, but its fact is None",
            "scan: SBOM_MISSING errored: sbom_missing: not reported; but"
            " the statement records it as passed",
        ),
    ),
    "a verdict that is not there": (
        lambda held: change("tests", verdicts=held["tests"].verdicts[:-1])(held),
        ("tests: COVERAGE was not evaluated",),
    ),
    "no verdict at all": (
        change("scan", verdicts=()),
        (
            "scan: IMAGE_CRITICAL was not evaluated",
            "scan: IMAGE_HIGH was not evaluated",
            "scan: IMAGE_SIZE was not evaluated",
            "scan: IMAGE_ADVISORIES_AGE was not evaluated",
            "scan: SBOM_MISSING was not evaluated",
        ),
    ),
    "a verdict of another stage's gate": (
        more("lint", gate="COVERAGE"),
        ("lint: has a verdict of COVERAGE, which is not one of its gates",),
    ),
    "a verdict of a gate that does not exist": (
        more("lint", gate="KINDNESS"),
        ("lint: has a verdict of KINDNESS, which is not one of its gates",),
    ),
    "two verdicts of one gate": (more("lint"), ("lint: has two verdicts of LINT",)),
    "a verdict that failed under a statement that passed": (
        verdict("lint", "LINT", status="failed"),
        ("lint: is recorded as passed, but its verdicts are not", f"lint: LINT failed: {FAILED}"),
    ),
    "a verdict of an unknown status": (
        verdict("lint", "LINT", status="fine"),
        ("lint: is recorded as passed, but its verdicts are not", f"lint: LINT fine: {FAILED}"),
    ),
    "a status that its verdicts do not give": (
        change("lint", status=Status.FAILED, reason="the disk is full"),
        ("lint: lint failed: the disk is full",),
    ),
    "a reason for a pass": (
        change("lint", reason="waived"),
        ("lint: is recorded as passed, but gives a reason why it did not pass",),
    ),
    "a limit that is lower": (
        verdict("tests", "COVERAGE", limit=1),
        ("tests: COVERAGE was evaluated against >= 1, not against COVERAGE >= 80 %",),
    ),
    "a limit that is turned around": (
        verdict("tests", "COVERAGE", direction="<="),
        ("tests: COVERAGE was evaluated against <= 80, not against COVERAGE >= 80 %",),
    ),
    "a waiver that nobody here gave": (
        both(
            *("lint", "LINT", "issues", 5),
            reason="issues is 5; required: LINT <= 0; waived: known (until 2999-01-01)",
        ),
        (
            "lint: LINT failed: issues is 5; required: LINT <= 0;"
            " no waiver for it is in force here",
        ),
    ),
    "an advisory that no waiver here excuses": (
        facts("security", advisories_waived=["CVE-2026-1: x; waived: nobody looks"]),
        (
            "security: excludes CVE-2026-1: x; waived: nobody looks,"
            " which no waiver in force here covers",
        ),
    ),
    "findings of a scan that no waiver here excuses": (
        facts("scan", waived=["CVE-2026-2: y"]),
        ("scan: excludes CVE-2026-2: y, which no waiver in force here covers",),
    ),
    "excused advisories, no list": (
        facts("scan", waived=7),
        ("scan: its fact waived is not a list",),
    ),
    "another policy": (
        change("scan", policy="f" * 64),
        ("scan: was evaluated under another policy",),
    ),
    "another digest": (
        change("scan", subject=Subject.image(NAME, OTHER)),
        (f"scan: is about sha256 {'e' * 64}, not {'d' * 64}",),
    ),
    "a digest of another kind": (
        change("scan", subject=Subject(NAME, {"sha512": "d" * 128})),
        (f"scan: is about sha256 (none), not {'d' * 64}",),
    ),
    "the same digest in another repository": (
        change("scan", subject=Subject.image("evil/dashboard", DIGEST)),
        (f"scan: is about evil/dashboard, not about {NAME}",),
    ),
    "facts about another digest": (
        facts("verify", digest=OTHER),
        (f"verify: its facts are about {OTHER}, not about this digest",),
    ),
    "another commit": (
        change("tests", subject=Subject.commit("a" * 40, SOURCE.tree)),
        (f"tests: is about gitCommit {'a' * 40}, not {'c' * 40}",),
    ),
    "another tree": (
        change("tests", subject=Subject.commit(SOURCE.commit, "a" * 40)),
        (f"tests: is about gitTree {'a' * 40}, not {'7' * 40}",),
    ),
    "a check that speaks of the image instead of the source": (
        change("tests", subject=Subject.image(NAME, DIGEST)),
        (
            f"tests: is about gitCommit (none), not {'c' * 40}",
            f"tests: is about gitTree (none), not {'7' * 40}",
        ),
    ),
    "a source of another name": (
        change("lint", subject=Subject("elsewhere", dict(SOURCE.subject.digest))),
        ("lint: is about elsewhere, not about source",),
    ),
    "a build of another commit": (
        facts("build", commit="a" * 40),
        ("build: names another commit for the digest than the image itself",),
    ),
    "a build that names no tree": (
        facts("build", tree=None),
        ("build: names another tree for the digest than the image itself",),
    ),
    "a look at another environment": (
        facts("verify", environment="production"),
        ("verify: checked production, not staging",),
    ),
    "the look at production in place of staging's": (
        lambda held: [
            replace(row, stage="verify-production") if row.stage == "verify" else row
            for row in held.values()
        ],
        ("verify: there is no evidence",),
    ),
    "a stage that nobody knows": (
        again("lint", stage="blessing"),
        ("blessing: there is evidence for this stage, which is unknown",),
    ),
    "a failure that an unknown stage takes away": (
        lambda held: hidden_failure(held, stage="blessing"),
        (
            "blessing: there is evidence for this stage, which is unknown",
            f"lint: LINT failed: {FAILED}",
            "lint: COMPLEXITY failed: complexity is 9; required: COMPLEXITY < 10",
            "lint: MAINTAINABILITY failed: maintainability is 20; required: MAINTAINABILITY > 19",
        ),
    ),
    "a failure that a statement about another commit takes away": (
        lambda held: hidden_failure(held, subject=Subject.commit("1" * 40, "2" * 40)),
        (
            f"lint: LINT failed: {FAILED}",
            "lint: COMPLEXITY failed: complexity is 9; required: COMPLEXITY < 10",
            "lint: MAINTAINABILITY failed: maintainability is 20; required: MAINTAINABILITY > 19",
        ),
    ),
    "two statements of one attempt": (
        again("scan", tools={"trivy": "another"}),
        ("scan: attempt 1 exists more than once",),
    ),
    "an attempt that goes back": (
        again("scan", attempt=3, repeats=SHA, started=stages.stamp(START - dt.timedelta(hours=1))),
        ("scan: attempt 1 started after attempt 3",),
    ),
    "an attempt that names none before it": (
        change("scan", attempt=2),
        ("scan: attempt 2 does not name the attempt that it repeats",),
    ),
    "a first attempt that repeats one": (
        change("scan", repeats=SHA),
        ("scan: attempt 1 names an attempt that it repeats",),
    ),
    "a time in the future": (
        change("tests", started=FAR),
        (
            f"tests: ended at {stages.stamp(NOW + dt.timedelta(minutes=6, seconds=1))},"
            f" which is in the future (it is {stages.stamp(NOW)})",
        ),
    ),
    "an end in the future": (
        change("tests", duration=7200),
        (
            f"tests: ended at {stages.stamp(START + dt.timedelta(hours=2))},"
            f" which is in the future (it is {stages.stamp(NOW)})",
        ),
    ),
    "a time that is none": (
        change("tests", started="yesterday"),
        ("tests: started at 'yesterday', which is not a valid time",),
    ),
    "a time without its zone": (
        change("tests", started="2026-11-24T21:00:00"),
        ("tests: started at '2026-11-24T21:00:00', which is not a valid time",),
    ),
    "a scan that grew old": (
        change("scan", started=stages.stamp(OLD)),
        ("scan: is 31 days old; the limit is 30 days (evidence-days)",),
    ),
    "advisories that grew old": (
        change("security", started=stages.stamp(OLD)),
        ("security: is 31 days old; the limit is 30 days (evidence-days)",),
    ),
    "an original that is not there": (lambda held: resting()(held)[:-1], ()),
    "an original that says something else": (
        resting(tools={"black": "another"}),
        ("lint: differs from the statement that it reuses",),
    ),
    "missing Pythons that are no list": (
        facts("tests", missing=5),
        ("tests: the fact missing is not a list",),
    ),
    "a Python that was not tested": (
        facts("tests", missing=["3.11"]),
        ("tests: 3.11 is supported but was not tested",),
    ),
}
