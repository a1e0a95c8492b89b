"""Every gate has a planted bad fact that fails, a good one that passes, and no fact errors."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import asdict

import pytest

from towpath import gates
from towpath.gates import GATES, Gate, Status

# Fact by gate: the worst that still passes, and the best that fails.
EDGES = {
    "LINT": (0, 1),
    "COMPLEXITY": (9, 10),
    "MAINTAINABILITY": (19.01, 19),
    "TESTS_RUN": (1, 0),
    "TESTS_FAILED": (0, 1),
    "COVERAGE": (80, 79.9),
    "COVERAGE_NEW": (80, 79.99),
    "INTEGRATION_RUN": (1, 0),
    "INTEGRATION_FAILED": (0, 1),
    "CODE_CRITICAL": (0, 1),
    "CODE_HIGH": (0, 1),
    "SECRETS": (0, 1),
    "ADVISORIES_CRITICAL": (0, 1),
    "ADVISORIES_HIGH": (0, 1),
    "ADVISORIES_AGE": (35, 35.1),
    "PLATFORMS_MISSING": (0, 1),
    "IMAGE_CRITICAL": (0, 1),
    "IMAGE_HIGH": (0, 1),
    "IMAGE_SIZE": (60, 60.1),
    "IMAGE_ADVISORIES_AGE": (35, 35.1),
    "SBOM_MISSING": (0, 1),
    "VERIFIED": (0, 1),
    "ERROR_RATE": (1, 1.01),
    "WATCH_LATENCY": (3, 3.01),
    "WATCH_RESTARTS": (0, 1),
    "WATCH_NOT_READY": (2, 3),
    "MONITOR_ERROR_RATE": (1, 1.01),
    "MONITOR_LATENCY": (1800, 1801),
    "MONITOR_CPU": (90, 90.1),
    "MONITOR_MEMORY": (90, 90.1),
    "MONITOR_RESTARTS": (0, 1),
    "MONITOR_UNHEALTHY": (0, 1),
    "SLOWDOWN": (1.5, 1.51),
}


def test_every_gate_has_its_edge_here() -> None:
    """A new gate needs a planted case; codes are unique."""
    assert [row.code for row in gates.known()] == list(EDGES)


def test_what_is_measured_alone_is_no_gate() -> None:
    """No release waits for it; it is judged by its own limit all the same, which may be waived."""
    assert [row.code for row in gates.MEASUREMENTS] == ["SLOWDOWN"]
    assert "SLOWDOWN" not in {row.code for row in gates.table()}
    assert [row.code for row in gates.of_stage("performance", {"SLOWDOWN": 1.2})] == ["SLOWDOWN"]
    assert gates.gate("slowdown", {"SLOWDOWN": 1.2}).limit == 1.2
    assert gates.policy_hash((), {"SLOWDOWN": 1.2}) == gates.policy_hash()


@pytest.mark.parametrize(
    ("code", "fact", "reason"),
    [
        ("LINT", -1, "issues: -1 is negative"),
        ("LINT", -0.5, "issues: -0.5 is negative"),
        ("TESTS_FAILED", -(10**400), "tests_failed: a huge number is not a number"),
        ("TESTS_RUN", 10**400, "tests_run: a huge number is not a number"),
        ("COVERAGE", 100.01, "coverage: 100.01 is more than 100 %"),
        ("COVERAGE", float("inf"), "coverage: inf is not a number"),
        ("COVERAGE", "9" * 200, f"coverage: '{'9' * 79}... is not a number"),
    ],
)
def test_a_number_that_a_fact_cannot_have_is_errored(code: str, fact: object, reason: str) -> None:
    """No count is below zero, no percentage above a hundred: whoever says so has not measured."""
    verdict = gates.evaluate(gates.gate(code), fact)

    assert (verdict.status, verdict.value, verdict.reason) == (Status.ERRORED, None, reason)


def test_the_policy_hash_changes_with_a_setting() -> None:
    """Whatever else of the project's own settings changes a verdict is in it."""
    one = gates.policy_hash(settings={"branches": {"main": "test"}})

    assert one != gates.policy_hash() == gates.policy_hash(settings={})
    assert one != gates.policy_hash(settings={"branches": {"main": "release"}})


@pytest.mark.parametrize("rule", gates.known(), ids=lambda rule: rule.code)
def test_a_gate_passes_and_fails_at_its_edge(rule: Gate) -> None:
    """One step to the wrong side fails; the limit itself is on its stated side."""
    good, bad = EDGES[rule.code]

    assert gates.evaluate(rule, good).status is Status.PASSED
    assert gates.evaluate(rule, bad).status is Status.FAILED
    assert (
        gates.evaluate(rule, bad).reason == f"{rule.fact} is {bad:g}{rule.unit}; required: {rule}"
    )


@pytest.mark.parametrize("rule", gates.known(), ids=lambda rule: rule.code)
@pytest.mark.parametrize("fact", [None, "0", True, float("nan"), float("inf"), [], {}])
def test_what_is_no_number_is_errored(rule: Gate, fact: object) -> None:
    """A fact that is missing, text, or not finite never passes."""
    verdict = gates.evaluate(rule, fact)

    assert verdict.status is Status.ERRORED
    assert verdict.value is None
    assert rule.fact in verdict.reason


def test_coverage_is_not_rounded_up() -> None:
    """79.96 shows as 80.0 in many a table, and is not 80."""
    assert gates.evaluate(gates.gate("COVERAGE"), 79.96).status is Status.FAILED


def test_a_stage_is_judged_by_all_its_gates() -> None:
    """A fact that is missing makes its own gate errored, and no other."""
    verdicts = gates.judge("lint", {"issues": 0})

    assert [(row.gate, row.status) for row in verdicts] == [
        ("LINT", Status.PASSED),
        ("COMPLEXITY", Status.ERRORED),
        ("MAINTAINABILITY", Status.ERRORED),
    ]
    assert gates.judge("deploy", {}) == ()


@pytest.mark.parametrize(
    ("statuses", "worst"),
    [
        ([], "errored"),
        (["passed"], "passed"),
        (["passed", "errored"], "errored"),
        (["errored", "failed", "passed"], "failed"),
    ],
)
def test_the_worst_wins(statuses: list[str], worst: str) -> None:
    """A no stays a no; nothing at all has shown nothing."""
    assert gates.worst(statuses) == worst


def test_a_gate_is_found_by_its_code() -> None:
    """In any case; an unknown one names the nearest."""
    assert gates.gate("coverage").limit == 80
    with pytest.raises(KeyError, match="Did you mean 'COVERAGE'"):
        gates.gate("COVERGE")


def test_a_waiver_lets_a_failure_pass_and_says_so() -> None:
    """It does not let pass what could not be judged, nor another gate."""
    verdicts = gates.judge("lint", {"issues": 3})
    lint, complexity, _ = gates.waive(verdicts, {"LINT": "known", "COMPLEXITY": "known"})
    untouched, *_ = gates.waive(verdicts, {"COVERAGE": "known"})

    assert lint.status is Status.PASSED
    assert lint.reason.endswith("; waived: known")
    assert lint.value == 3
    assert complexity.status is Status.ERRORED
    assert untouched.status is Status.FAILED


def test_the_policy_hash_changes_with_a_waiver() -> None:
    """It is the same for the same policy, and another for any change of it."""
    plain, waived = gates.policy_hash(), gates.policy_hash([{"id": "LINT", "reason": "x"}])

    assert plain == gates.policy_hash()
    assert len({plain, waived, gates.policy_hash([{"id": "LINT", "reason": "y"}])}) == 3


def test_the_policy_hash_changes_with_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Evidence judged under 80 does not speak for 81."""
    before = gates.policy_hash()
    first, *rest = GATES
    softer = Gate(
        first.code, first.stage, first.fact, first.direction, 1, first.unit, first.meaning
    )
    monkeypatch.setattr(gates, "GATES", (softer, *rest))

    assert gates.policy_hash() != before


def test_a_verdict_is_plain_values() -> None:
    """As a statement holds it."""
    assert gates.evaluate(gates.gate("LINT"), 2).as_json() == {
        "gate": "LINT",
        "stage": "lint",
        "status": "failed",
        "value": 2,
        "limit": 0,
        "direction": "<=",
        "reason": "issues is 2; required: LINT <= 0",
    }


def test_a_stricter_limit_of_the_project_judges() -> None:
    """In place of the table's, and only for its gate; the policy is another one."""
    limits = {"COVERAGE": 90.0}
    facts = {"tests_run": 1, "tests_failed": 0, "coverage": 85}
    status = {row.gate: row.status for row in gates.judge("tests", facts, limits)}

    assert status["COVERAGE"] is Status.FAILED
    assert status["TESTS_FAILED"] is Status.PASSED
    assert gates.gate("COVERAGE", limits).limit == 90
    assert str(gates.gate("coverage")) == "COVERAGE >= 80 %"
    assert gates.policy_hash((), limits) != gates.policy_hash()
    assert gates.policy_hash((), {"COVERAGE": 80}) == gates.policy_hash()


@pytest.mark.parametrize(
    ("direction", "stricter", "laxer"), [(">=", 6, 4), (">", 6, 4), ("<=", 4, 6), ("<", 4, 6)]
)
def test_a_limit_is_met_by_itself_and_by_a_stricter_one(
    direction: str, stricter: float, laxer: float
) -> None:
    """The direction says which way that is."""
    rule = Gate("X", "lint", "x", direction, 5, "", "")

    assert rule.is_met_by(5)
    assert rule.is_met_by(stricter)
    assert not rule.is_met_by(laxer)


def test_the_policy_hash_is_of_canonical_bytes() -> None:
    """Anyone can count it anew: the rows and the waivers as JSON, keys sorted, without a space."""
    waiver = {"until": dt.date(2027, 1, 1), "id": "LINT"}
    judged = [row for row in GATES if row.code not in gates.OPTIONAL]
    rows = [*map(asdict, judged), {"id": "LINT", "until": "2027-01-01"}]
    text = json.dumps(rows, sort_keys=True, separators=(",", ":"))

    assert gates.policy_hash([waiver]) == hashlib.sha256(text.encode()).hexdigest()


def test_no_fact_and_a_wrong_one_are_told_apart() -> None:
    """The reason shows what was seen."""
    lint = gates.gate("LINT")

    assert gates.evaluate(lint, None).reason == "issues: not reported"
    assert gates.evaluate(lint, "many").reason == "issues: 'many' is not a number"
