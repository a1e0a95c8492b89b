"""Security from tool to verdict: what nobody could be asked for is no pass."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fakes import Answer, outcome
from tests.unit.checks.checked import CLEAN as CODE
from tests.unit.checks.checked import (
    NO_SECRETS,
    SHELL,
    calls,
    evidence,
    project,
    said,
    workspace_of,
)
from towpath.checks import by_name, judge, records
from towpath.checks.security import security
from towpath.config.waivers import Waiver
from towpath.config.workspace import Workspace
from towpath.core.errors import ConfigurationError, GateFailedError, NothingToJudgeError
from towpath.core.runner import Outcome
from towpath.gates import Status


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a small project."""
    return project(tmp_path)


CLEAN = CODE | NO_SECRETS
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
    workspace = workspace_of(root, CLEAN | UNREACHABLE | {"-m safety": SAFE})

    security.security(workspace)

    found = evidence(workspace, "security")
    assert found.status is Status.PASSED
    assert [row["name"] for row in found.facts["sources"]] == ["safety"]
    assert (found.facts["foreign"], found.facts["age_days"]) == ([], 0)
    assert found.facts["advisories_high"] == found.facts["code_high"] == 0


def test_a_high_finding_in_our_code_fails(root: Path) -> None:
    """Whatever the advisories say."""
    made_environments(root)
    workspace = workspace_of(root, CLEAN | UNREACHABLE | {"-m bandit": SHELL})

    with pytest.raises(GateFailedError):
        security.security(workspace)

    assert evidence(workspace, "security").facts["code_high"] == 1


def test_advisories_that_nobody_could_be_asked_for_are_errored(root: Path) -> None:
    """Our code was judged, and passed; the reason names both sources."""
    made_environments(root)
    workspace = workspace_of(root, CLEAN | UNREACHABLE)

    with pytest.raises(NothingToJudgeError):
        security.security(workspace)

    found = evidence(workspace, "security")
    status = {row["gate"]: row["status"] for row in found.verdicts}
    assert status == {
        "CODE_CRITICAL": "passed",
        "CODE_HIGH": "passed",
        "SECRETS": "passed",
        "ADVISORIES_CRITICAL": "errored",
        "ADVISORIES_HIGH": "errored",
        "ADVISORIES_AGE": "errored",
    }
    assert "unable to reach the server" in found.reason
    assert "no answer" in found.reason


WEAK = {
    "vulnerability_id": "51457",
    "CVE": "CVE-2026-12345",
    "package_name": "django",
    "analyzed_version": "5.2.1",
    "severity": None,
    "advisory": "Is weak.",
}


def weak(root: Path, *waived: str) -> Workspace:
    """Return a session whose dependency has an advisory, and whose project waives these ids."""
    made_environments(root)
    report = json.dumps({**json.loads(SAFE), "vulnerabilities": [WEAK]})
    workspace = workspace_of(root, CLEAN | UNREACHABLE | {"-m safety": outcome(report, code=64)})
    waivers = tuple(Waiver(name, "not reachable", dt.date(2099, 1, 31)) for name in waived)
    return replace(workspace, config=replace(workspace.config, waivers=waivers))


def test_an_advisory_fails(root: Path) -> None:
    """What its source does not rate counts as high."""
    workspace = weak(root)

    with pytest.raises(GateFailedError, match="ADVISORIES_HIGH"):
        security.security(workspace)

    assert evidence(workspace, "security").facts["advisories_high"] == 1
    assert "CVE-2026-12345 django 5.2.1 (high) Is weak." in said(workspace)


@pytest.mark.parametrize("name", ["CVE-2026-12345", "SAFETY-51457"])
def test_a_waived_advisory_does_not_count(root: Path, name: str) -> None:
    """By any of its ids; the evidence says which, why and until when."""
    workspace = weak(root, name)

    security.security(workspace)

    facts = evidence(workspace, "security").facts
    assert facts["advisories_high"] == 0
    assert facts["advisories_waived"] == [
        "CVE-2026-12345: django 5.2.1 (high) Is weak.; waived: not reachable (until 2099-01-31)"
    ]
    assert "excuses nothing" not in said(workspace)


def test_a_waiver_of_an_advisory_that_is_not_found_is_told(root: Path) -> None:
    """It excuses no other one, and can be taken out."""
    workspace = weak(root, "CVE-2026-99999")

    with pytest.raises(GateFailedError):
        security.security(workspace)

    assert "The waiver of CVE-2026-99999 is not needed here" in said(workspace)


def test_a_waiver_is_no_answer_where_nobody_could_be_asked(root: Path) -> None:
    """Neither the gate's nor the advisory's; and nobody says that it is not needed."""
    workspace = weak(root, "CVE-2026-12345", "ADVISORIES_HIGH")
    runner = workspace_of(root, CLEAN | UNREACHABLE).runner

    with pytest.raises(NothingToJudgeError, match="ADVISORIES_HIGH"):
        security.security(replace(workspace, runner=runner))

    assert "excuses nothing" not in said(workspace)


def test_a_waived_gate_passes_and_says_so(root: Path) -> None:
    """The finding is still told."""
    workspace = weak(root, "ADVISORIES_HIGH")

    security.security(workspace)

    found = evidence(workspace, "security")
    assert found.facts["advisories_high"] == 1
    (row,) = [row for row in found.verdicts if row["gate"] == "ADVISORIES_HIGH"]
    assert str(row["reason"]).endswith("waived: not reachable (until 2099-01-31)")


PLANTED = {"type": "AWS Access Key", "hashed_secret": "a1", "line_number": 2}
LOOKED = NO_SECRETS["-m detect_secrets"]


def leak(root: Path, review: bool | None = None) -> dict[str, Answer]:
    """Return a detect-secrets that finds a key, which the project's baseline may review."""
    if review is not None:
        reviewed = {"results": {"app/a.py": [{**PLANTED, "is_secret": review}]}}
        (root / ".secrets.baseline").write_text(json.dumps(reviewed))
    report = {"plugins_used": [{"name": "AWSKeyDetector"}], "results": {"app/a.py": [PLANTED]}}
    assert isinstance(LOOKED, Outcome)
    return {"-m detect_secrets": outcome(json.dumps(report), code=1, stderr=LOOKED.stderr)}


@pytest.mark.parametrize("review", [None, True])
def test_a_secret_in_the_tree_fails(root: Path, review: bool | None) -> None:
    """It is told with its line; a review that says that it is one excuses nothing."""
    made_environments(root)
    workspace = workspace_of(root, CLEAN | UNREACHABLE | {"-m safety": SAFE} | leak(root, review))

    with pytest.raises(GateFailedError, match="SECRETS"):
        security.security(workspace)

    assert evidence(workspace, "security").facts["secrets"] == 1
    assert "app/a.py:2: SECRET AWS Access Key" in said(workspace)


def test_a_secret_that_was_reviewed_as_none_passes(root: Path) -> None:
    """The evidence counts the reviews; the baseline with its hashes is not looked at itself."""
    made_environments(root)
    answers = leak(root, review=False)

    listed = "".join(
        f"100644 blob {number}\t{name}\0"
        for number, name in enumerate((".secrets.baseline", "app/a.py", "tests/test_a.py"))
    )

    workspace = workspace_of(
        root, CLEAN | UNREACHABLE | {"-m safety": SAFE, "ls-tree": listed} | answers
    )

    security.security(workspace)

    facts = evidence(workspace, "security").facts
    assert (facts["secrets"], facts["secrets_reviewed"], facts["secrets_files"]) == (0, 1, 2)
    assert [line.partition(" -- ")[2] for line in calls(workspace) if "detect_secrets" in line] == [
        "app/a.py tests/test_a.py"
    ]


def test_a_review_of_a_secret_that_is_gone_is_told(root: Path) -> None:
    """As a warning: it hides nothing, and can be taken out."""
    made_environments(root)
    leak(root, review=False)
    workspace = workspace_of(root, CLEAN | UNREACHABLE | {"-m safety": SAFE})

    security.security(workspace)

    assert evidence(workspace, "security").facts["secrets_stale"] == ["app/a.py: AWS Access Key"]
    assert "has an entry for a secret that no longer exists: app/a.py: AWS Access Key" in said(
        workspace
    )


def test_secrets_that_nobody_looked_for_are_errored(root: Path) -> None:
    """The other gates are judged all the same."""
    made_environments(root)
    missing = outcome(code=1, stderr="No module named detect_secrets")
    workspace = workspace_of(
        root, CLEAN | UNREACHABLE | {"-m safety": SAFE, "-m detect_secrets": missing}
    )

    with pytest.raises(NothingToJudgeError, match="SECRETS"):
        security.security(workspace)

    status = {row["gate"]: row["status"] for row in evidence(workspace, "security").verdicts}
    assert [gate for gate in status if status[gate] != "passed"] == ["SECRETS"]


@pytest.mark.parametrize("text", ["{", "\udcff"])
def test_a_broken_baseline_stops_before_anything_runs(root: Path, text: str) -> None:
    """It is a mistake of configuration."""
    (root / ".secrets.baseline").write_bytes(text.encode(errors="surrogateescape"))
    workspace = workspace_of(root, {})

    with pytest.raises(ConfigurationError, match=r"\.secrets\.baseline is not a valid baseline"):
        security.security(workspace)

    assert calls(workspace) == []


def test_a_product_without_pins_is_a_mistake_of_configuration(root: Path) -> None:
    """The message says how to compile them."""
    (root / "requirements/production.txt").unlink()

    with pytest.raises(ConfigurationError, match="no requirements and no lock file"):
        security.security(workspace_of(root, CLEAN))


def test_a_baseline_does_not_wait_for_the_network(root: Path) -> None:
    """The secrets of the first day are recorded although no source of advisories answered."""
    made_environments(root)
    workspace = workspace_of(root, CLEAN | UNREACHABLE | leak(root))
    workspace = replace(
        workspace, config=replace(workspace.config, baseline_file="towpath-baseline.json")
    )

    with pytest.raises(NothingToJudgeError):
        security.security(workspace)

    recorded = json.loads((root / "towpath-baseline.json").read_text())
    assert len(recorded["security"]["secrets"]) == 1
    status = {row["gate"]: row["status"] for row in evidence(workspace, "security").verdicts}
    assert (status["SECRETS"], status["ADVISORIES_HIGH"]) == ("passed", "errored")


def test_a_recorded_baseline_is_the_policy_of_the_other_checks_too(root: Path) -> None:
    """They are judged again from what their tools left; none runs a second time."""
    made_environments(root)
    answers = CLEAN | UNREACHABLE | {"-m safety": SAFE} | leak(root)
    first = workspace_of(root, answers)
    first = replace(first, config=replace(first.config, baseline_file="towpath-baseline.json"))
    records.begin(first, "integration")
    judge.evaluate(first, "integration", by_name.MEASURES["integration"])
    before = evidence(first, "integration").policy

    security.security(first)
    ran = len(calls(first))
    by_name.judge_again(first, "security")

    assert evidence(first, "integration").policy == evidence(first, "security").policy != before
    assert not [line for line in calls(first)[ran:] if "-m pytest" in line]
