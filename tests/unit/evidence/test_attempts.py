"""Running a stage again is visible in the number of its attempt."""

from __future__ import annotations

from tests.unit.evidence.test_statement import COMMIT, GOOD
from towpath.core.subject import Subject
from towpath.evidence import attempts


def test_running_again_is_visible() -> None:
    """The second attempt names the first; another subject or policy begins anew."""
    assert attempts.next_attempt(None, COMMIT, "p") == (1, "")
    assert attempts.next_attempt(GOOD, COMMIT, "p") == (2, GOOD.sha256)
    assert attempts.next_attempt(GOOD, COMMIT, "other") == (1, "")
    assert attempts.next_attempt(GOOD, Subject.commit("d" * 40, "t" * 40), "p") == (1, "")
