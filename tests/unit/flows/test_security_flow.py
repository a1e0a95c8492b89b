"""Security from tool to verdict: what nobody could be asked for is no pass."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.fakes import Answer, outcome
from tests.unit.flows.checked import (
    CLEAN,
    SHELL,
    evidence,
    project,
    session_of,
)
from towpath.errors import (
    ConfigurationError,
    GateFailedError,
    NothingToJudgeError,
)
from towpath.flows import security
from towpath.gates import Status


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a small project."""
    return project(tmp_path)


SAFE = json.dumps(
    {
        "scanned_packages": {"django": {"name": "django", "version": "5.2.1"}},
        "vulnerabilities": [],
        "ignored_vulnerabilities": [],
    }
)


UNREACHABLE: dict[str, Answer] = {
    "-m uv": "",
    "-m safety": outcome(code=68, stderr="unable to reach the server"),
    "-m pip_audit": json.dumps({"dependencies": [{"name": "django", "skip_reason": "no answer"}]}),
}


def made_environments(root: Path) -> None:
    """Make the directories that `uv venv` would make."""
    for tool in ("safety", "pip-audit"):
        (root / ".nox" / tool).mkdir(parents=True)


def test_code_and_dependencies_without_a_finding_pass(root: Path) -> None:
    """The evidence names the source."""
    made_environments(root)
    session = session_of(root, CLEAN | UNREACHABLE | {"-m safety": SAFE})

    security.security(session)

    found = evidence(session, "security")
    assert found.status is Status.PASSED
    assert found.facts["source"] == "safety, its server"
    assert found.facts["advisories_high"] == found.facts["code_high"] == 0


def test_a_high_finding_in_our_code_fails(root: Path) -> None:
    """Whatever the advisories say."""
    made_environments(root)
    session = session_of(root, CLEAN | UNREACHABLE | {"-m bandit": SHELL})

    with pytest.raises(GateFailedError):
        security.security(session)

    assert evidence(session, "security").facts["code_high"] == 1


def test_advisories_that_nobody_could_be_asked_for_are_errored(root: Path) -> None:
    """Our code was judged, and passed; the reason names both sources."""
    made_environments(root)
    session = session_of(root, CLEAN | UNREACHABLE)

    with pytest.raises(NothingToJudgeError):
        security.security(session)

    found = evidence(session, "security")
    status = {row["gate"]: row["status"] for row in found.verdicts}
    assert status == {
        "CODE_CRITICAL": "passed",
        "CODE_HIGH": "passed",
        "ADVISORIES_CRITICAL": "errored",
        "ADVISORIES_HIGH": "errored",
    }
    assert "unable to reach the server" in found.reason
    assert "no answer" in found.reason


def test_a_product_without_pins_is_a_mistake_of_configuration(root: Path) -> None:
    """The message says how to compile them."""
    (root / "requirements/production.txt").unlink()

    with pytest.raises(ConfigurationError, match="no requirements/production.txt"):
        security.security(session_of(root, CLEAN))
