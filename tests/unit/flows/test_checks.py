"""The checks from tool to verdict: what a tool did not say is never taken for a yes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fakes import Answer, outcome
from tests.unit.flows.checked import (
    CLEAN,
    GOOD_XML,
    METRICS,
    SHELL,
    WEAK,
    calls,
    evidence,
    project,
    pytest_that,
    said,
    session_of,
    source_of,
)
from towpath.config import Environment
from towpath.errors import (
    CommandFailedError,
    ConfigurationError,
    GateFailedError,
    NothingToJudgeError,
)
from towpath.flows import checks, records, stages
from towpath.flows.session import Session
from towpath.gates import Status
from towpath.runner import Outcome


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a small project."""
    return project(tmp_path)


def test_clean_code_passes_lint(root: Path) -> None:
    """Every linter ran on every file of its own, and the statement says so."""
    session = session_of(root, CLEAN)

    checks.lint(session)

    found = evidence(session, "lint")
    assert found.status is Status.PASSED
    assert found.facts == {
        "issues": 0,
        "complexity": 4,
        **dict.fromkeys(("black", "isort", "flake8", "mypy", "bandit"), 0),
    }
    assert set(found.tools) == {"bandit", "black", "flake8", "isort", "mypy", "radon"}
    assert found.inputs == stages.check_inputs(session.config, source_of(session), "lint")
    ran = {line.split(" -m ")[1] for line in calls(session) if " -m " in line}
    assert "mypy --strict --no-pretty --no-color-output app/a.py" in ran
    assert "black --check --no-color app/a.py tests/test_a.py" in ran
    assert "radon" in said(session) and "measured" in said(session)


def test_shell_true_stops_at_lint(root: Path) -> None:
    """The finding is named with its file and line, and annotated in GitHub."""
    session = session_of(root, CLEAN | {"-m bandit": SHELL}, {"GITHUB_ACTIONS": "true"})

    with pytest.raises(GateFailedError):
        checks.lint(session)

    assert evidence(session, "lint").facts["issues"] == 1
    assert "app/a.py:1: B602 shell=True" in said(session)
    assert "::error file=app/a.py,line=1::B602 shell=True" in said(session)


@pytest.mark.parametrize("tool", CLEAN)
@pytest.mark.parametrize("broken", [outcome(code=1, stderr="No module named x"), outcome()])
def test_a_linter_that_did_not_judge_leaves_lint_without_a_verdict(
    root: Path, tool: str, broken: Outcome
) -> None:
    """All others ran and were clean; that is not enough."""
    session = session_of(root, CLEAN | {tool: broken})

    with pytest.raises(NothingToJudgeError):
        checks.lint(session)

    found = evidence(session, "lint")
    assert found.status is Status.ERRORED
    assert tool.removeprefix("-m ") in found.reason
    assert all(key in " ".join(calls(session)) for key in CLEAN)


def test_a_linter_that_cannot_start_is_errored_too(root: Path) -> None:
    """The runner's error does not end the other linters."""

    def missing(argv: tuple[str, ...]) -> Outcome:
        raise CommandFailedError("mypy is not installed or not on PATH.")

    session = session_of(root, CLEAN | {"-m mypy": missing})

    with pytest.raises(NothingToJudgeError) as caught:
        checks.lint(session)

    assert "mypy is not installed" in caught.value.why


def test_a_failure_is_not_hidden_by_a_tool_that_broke(root: Path) -> None:
    """A no stays a no, and the reason names both."""
    session = session_of(root, CLEAN | {"-m bandit": SHELL, "-m mypy": outcome(code=2)})

    with pytest.raises(GateFailedError):
        checks.lint(session)

    assert evidence(session, "lint").status is Status.FAILED
    reason = evidence(session, "lint").reason
    assert "mypy gave no verdict" in reason and "issues is 1, wanted" in reason


def test_many_findings_are_told_in_short(root: Path) -> None:
    """Twenty, and how many more."""
    document = {"errors": [], "metrics": METRICS, "results": [WEAK] * 25}
    session = session_of(root, CLEAN | {"-m bandit": outcome(json.dumps(document), code=1)})

    with pytest.raises(GateFailedError):
        checks.lint(session)

    assert said(session).count("B602") == 20
    assert "and 5 more" in said(session)


def test_files_that_change_during_a_check_leave_no_verdict(root: Path) -> None:
    """What was judged is not what is there now."""
    trees = iter(["t", "u", "u", "u"])

    def tree(argv: tuple[str, ...]) -> Outcome:
        return outcome(f"{next(trees) * 40}\n")

    session = session_of(root, CLEAN | {"write-tree": tree})

    with pytest.raises(NothingToJudgeError) as caught:
        checks.lint(session)

    assert "changed since the check began" in caught.value.why


def test_no_python_file_at_all_is_no_pass(root: Path) -> None:
    """A pattern that matches nothing has checked nothing."""
    session = session_of(root, CLEAN | {"ls-files": ""})

    with pytest.raises(NothingToJudgeError):
        checks.lint(session)

    assert evidence(session, "lint").status is Status.ERRORED


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

    checks.security(session)

    found = evidence(session, "security")
    assert found.status is Status.PASSED
    assert found.facts["source"] == "safety, its server"
    assert found.facts["advisories_high"] == found.facts["code_high"] == 0


def test_a_high_finding_in_our_code_fails(root: Path) -> None:
    """Whatever the advisories say."""
    made_environments(root)
    session = session_of(root, CLEAN | UNREACHABLE | {"-m bandit": SHELL})

    with pytest.raises(GateFailedError):
        checks.security(session)

    assert evidence(session, "security").facts["code_high"] == 1


def test_advisories_that_nobody_could_be_asked_for_are_errored(root: Path) -> None:
    """Our code was judged, and passed; the reason names both sources."""
    made_environments(root)
    session = session_of(root, CLEAN | UNREACHABLE)

    with pytest.raises(NothingToJudgeError):
        checks.security(session)

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
        checks.security(session_of(root, CLEAN))


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what happens to services that start and stop at once."""
    from towpath.flows import stack

    events: list[str] = []

    def up(session: Session, environment: Environment) -> dict[str, str]:
        events.append(f"up {environment.name}")
        return dict.fromkeys(("database", "cache", "queue"), "10.0.0.1")

    def down(session: Session, environment: Environment, volumes: bool = False) -> None:
        events.append(f"down {environment.name} {volumes}")

    monkeypatch.setattr(stack, "services_up", up)
    monkeypatch.setattr(stack, "services_down", down)
    return events


def with_testing(root: Path, answers: dict[str, Answer]) -> Session:
    """Return a session in a project that has the environment testing."""
    session = session_of(root, answers)
    environments = {"testing": Environment("testing")}
    return replace(session, config=replace(session.config, environments=environments))


def test_integration_runs_while_its_services_live(root: Path, services: list[str]) -> None:
    """What an earlier run left goes first, all goes in the end, and the tests are judged."""

    def run(argv: tuple[str, ...]) -> Outcome:
        services.append("pytest")
        return pytest_that(GOOD_XML)(argv)

    session = with_testing(root, {"-m pytest": run})

    checks.integration(session)

    assert services == ["down testing True", "up testing", "pytest", "down testing True"]
    assert evidence(session, "integration").facts["tests_run"] == 1
    assert "-m integration tests/integration" in " ".join(calls(session))


@pytest.mark.parametrize("code", [0, 1])
def test_a_part_of_the_integration_tests_has_no_verdict(
    root: Path, services: list[str], code: int
) -> None:
    """The services come and go all the same."""
    session = with_testing(root, {"-m pytest": outcome(code=code)})

    if code:
        with pytest.raises(CommandFailedError):
            checks.integration(session, ["-k", "x"])
    else:
        checks.integration(session, ["-k", "x"])

    assert services == ["down testing True", "up testing", "down testing True"]
    assert records.names(session.config, "integration") == []


def test_services_that_do_not_start_are_taken_down(
    root: Path, services: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No test runs, and the error is the service's."""
    from towpath.flows import stack

    def up(session: Session, environment: Environment) -> dict[str, str]:
        raise CommandFailedError("queue of testing is not healthy.")

    monkeypatch.setattr(stack, "services_up", up)

    with pytest.raises(CommandFailedError, match="queue"):
        checks.integration(with_testing(root, {}))

    assert services == ["down testing True", "down testing True"]


def test_the_app_finds_services_by_these_variables(tmp_path: Path) -> None:
    """Passwords come from files."""
    found = checks.service_variables(
        {"database": "10.0.0.1", "cache": "10.0.0.2", "queue": "10.0.0.3"}, tmp_path
    )

    assert found["DATABASE_HOST"] == "10.0.0.1"
    assert found["CACHE_HOSTS"] == "10.0.0.2:11211"
    assert found["QUEUE_PASSWORD_FILE"] == str(tmp_path / "queue_password")
    assert not any(key.endswith("_PASSWORD") for key in found)


def test_the_version_of_a_package_that_is_not_there_is_missing() -> None:
    """It does not end the check; its gate will."""
    assert checks.version("no-such-package-here") == "missing"
    assert checks.version("pytest")[0].isdigit()
