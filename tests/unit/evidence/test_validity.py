"""What makes a statement invalid for a subject and policy."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.evidence.test_statement import COMMIT, GOOD
from towpath.evidence import validity
from towpath.evidence.statement import Statement
from towpath.gates import Status


@pytest.mark.parametrize(
    ("statement", "inputs", "policy", "holds"),
    [
        (GOOD, "i", "p", True),
        (GOOD, "j", "p", False),
        (GOOD, "i", "q", False),
        (replace(GOOD, status=Status.FAILED), "i", "p", False),
        (replace(GOOD, status=Status.ERRORED), "i", "p", False),
        (None, "i", "p", False),
    ],
)
def test_only_a_pass_on_the_same_inputs_is_reused(
    statement: Statement | None, inputs: str, policy: str, holds: bool
) -> None:
    """Never a failure, never under another policy."""
    assert validity.reusable(statement, inputs, policy) is holds


def test_a_statement_that_fits_has_no_objection() -> None:
    """Commit and tree are its own, the policy is in force."""
    assert validity.mismatches(GOOD, COMMIT.digest, "p") == []
    assert validity.mismatches(replace(GOOD, verdicts=()), COMMIT.digest, "p") == []


@pytest.mark.parametrize(
    ("statement", "subject", "policy", "wanted"),
    [
        (GOOD, {"gitTree": "x"}, "p", f"lint: is about gitTree {'t' * 40}, not x"),
        (GOOD, {"sha256": "x"}, "p", "lint: is about sha256 (none), not x"),
        (GOOD, {}, "q", "lint: was evaluated under another policy"),
        (
            replace(GOOD, attempt=2),
            {},
            "p",
            "lint: attempt 2 does not name the attempt that it repeats",
        ),
        (
            replace(GOOD, verdicts=({"status": "failed"},)),
            {},
            "p",
            "lint: is recorded as passed, but its verdicts are not",
        ),
        (
            replace(GOOD, verdicts=({"status": "passed"}, {"status": "errored"})),
            {},
            "p",
            "lint: is recorded as passed, but its verdicts are not",
        ),
    ],
)
def test_a_statement_that_does_not_fit_is_objected_to(
    statement: Statement, subject: dict[str, str], policy: str, wanted: str
) -> None:
    """One reason for each thing that is wrong."""
    assert validity.mismatches(statement, subject, policy) == [wanted]
