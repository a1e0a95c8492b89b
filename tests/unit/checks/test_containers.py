"""The checks in containers: which ones, what their reports say, and the worst of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import TableRunner, outcome
from tests.releases import good
from tests.unit.checks.checked import BAD_XML, GOOD_XML, calls, project, said, workspace_of
from towpath import gates
from towpath.checks import containers as ci
from towpath.checks.containers import ContainerHost
from towpath.config.waivers import Waiver
from towpath.config.workspace import Workspace
from towpath.core import locks
from towpath.core.errors import (
    CommandFailedError,
    ConfigurationError,
    GateFailedError,
    InterruptedRunError,
    LockedError,
    NothingToJudgeError,
)
from towpath.core.runner import Outcome
from towpath.core.subject import Subject
from towpath.evidence import record as stages
from towpath.evidence.statement import Statement, verdict_rows
from towpath.gates import Status

HERE = Subject.commit("c" * 40, "t" * 40)
ELSEWHERE = Subject.commit("c" * 40, "d" * 40)
STORE = '{"DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]]}'
DOWN = "docker compose --project-name=app-ci --file=compose/ci.yaml --profile=* down"

Act = Callable[[Path], int]


def clone(argv: tuple[str, ...]) -> Outcome:
    """Make the directory, as git does."""
    Path(argv[-1]).mkdir(parents=True)
    return outcome()


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Return a session of a project with services for its checks, on an engine that obeys."""
    root = tmp_path / "a project"
    (root / "compose").mkdir(parents=True)
    project(root)
    (root / "compose/ci.yaml").touch()
    (root / "socket").touch()
    answers = {
        "docker info": STORE,
        "ls-files -z --others": "",
        "buildx bake": "",
        "read-tree": "",
        "clone": clone,
        "remote remove": "",
        "checkout-index": "",
        "compose": "",
    }
    env = {"TOWPATH_STATE": str(tmp_path / "state"), "TOWPATH_ADVISORIES": "/given/advisories"}
    (root / "Dockerfile").write_text("FROM scratch AS ci\nFROM scratch AS production\n")
    found = workspace_of(root, answers, env)
    image = replace(found.config.image, dockerfile="Dockerfile")
    return replace(found, config=replace(found.config, image=image))


def place(
    workspace: Workspace, acts: Mapping[str, Act], seen: list[str] | None = None
) -> ContainerHost:
    """Return where services run: each acts on its reports and ends with the code that it gives."""
    root = workspace.config.root

    def runner(service: str) -> TableRunner:
        def run(argv: tuple[str, ...]) -> Outcome:
            if seen is not None:
                seen.append(" ".join(argv))
            reports = root / "reports/ci/work" / service / "reports"
            return outcome(code=acts[service](reports), stderr="its last words")

        return TableRunner({service: run})

    return ContainerHost(root / "socket", "linux/amd64", runner)


def evidence(
    stage: str,
    status: str = "passed",
    subject: Subject = HERE,
    code: int | None = None,
    more: dict[str, Any] | None = None,
) -> Act:
    """Return a service that leaves this evidence, made under the policy of the project."""
    reason = "" if status == "passed" else f"{stage} is {status}"

    def act(reports: Path) -> int:
        (reports / "evidence").mkdir()
        policy = stages.policy(workspace_of(reports.parents[4], {}).config)
        facts = {**good(stage), **(more or {})}
        statement = Statement(
            stage, subject, Status(status), "2026-01-01T00:00:00Z", 1, policy, "i", reason=reason
        )
        judged = verdict_rows(gates.judge(stage, good(stage)))
        if stage == "security":
            statement = replace(statement, started=stages.stamp(stages.now()))
        text = replace(statement, facts=facts, verdicts=judged).encode()
        (reports / "evidence" / f"{stage}.json").write_bytes(text)
        return int(status != "passed") if code is None else code

    return act


def junit(text: str, code: int = 0) -> Act:
    """Return a service that leaves this report of its tests."""

    def act(reports: Path) -> int:
        (reports / "junit").mkdir()
        (reports / "junit/build-test.xml").write_text(text)
        return code

    return act


def ends(code: int) -> Act:
    """Return a service that leaves nothing."""
    return lambda _: code


def run(workspace: Workspace, acts: Mapping[str, Act]) -> dict[str, ci.Result]:
    """Run these services and return how each stands."""
    found = ci.run(workspace, ci.chosen([*acts]), place(workspace, acts))
    return {row.service: row for row in found}


@pytest.mark.parametrize("linked", ["evidence", "."])
def test_links_that_a_container_left_are_not_followed(
    workspace: Workspace, tmp_path: Path, linked: str
) -> None:
    """Evidence behind a link is none, and the file that it names is not taken over."""
    outside = tmp_path / "outside"
    outside.mkdir()
    evidence("lint")(outside)

    def act(reports: Path) -> int:
        place = (reports / linked).resolve()
        if place.is_dir():
            place.rmdir()
        place.symlink_to(outside if linked == "." else outside / "evidence")
        return 0

    found = run(workspace, {"lint-check": act})

    assert found["lint-check"].status is Status.ERRORED
    assert not any((workspace.config.reports / "ci/lint-check").rglob("*.json"))
    assert "! lint-check: not copied from its reports: " in said(workspace)


def test_all_services_pass(workspace: Workspace) -> None:
    """Each is judged by what it left, which is kept; then everything is taken down."""
    acts = {
        "ci-runner": ends(0),
        "lint-check": evidence("lint"),
        "unit-tests": evidence("tests"),
        "integration-tests": evidence("integration"),
        "security-scan": evidence("security"),
        "build-test": junit(GOOD_XML),
    }

    found = run(workspace, acts)
    ci.require_passed(found.values())

    assert {row.status for row in found.values()} == {Status.PASSED}
    assert found.keys() == {check.service for check in ci.chosen([])}
    reports = workspace.config.reports / "ci"
    assert (reports / "lint-check/evidence/lint.json").is_file()
    assert not (reports / "work").exists()
    assert calls(workspace)[-1].startswith(DOWN)
    assert "lint-check        │ passed" in said(workspace)


@pytest.mark.parametrize(
    ("service", "act", "status", "words"),
    [
        ("lint-check", evidence("lint", "failed"), "failed", "lint is failed"),
        ("lint-check", evidence("lint", "errored"), "errored", "lint is errored"),
        ("lint-check", evidence("lint", subject=ELSEWHERE), "errored", "about other source files"),
        (
            "lint-check",
            evidence("lint", code=1),
            "errored",
            "Its gates passed, but it ended with exit code 1.",
        ),
        (
            "lint-check",
            evidence("tests"),
            "errored",
            "The check lint-check wrote no evidence. why: its last words",
        ),
        ("lint-check", ends(0), "errored", "The check lint-check wrote no evidence."),
        ("lint-check", ends(125), "errored", "its last words"),
        ("build-test", junit(BAD_XML, 1), "failed", "tests_failed is 1"),
        ("build-test", junit(GOOD_XML[:40]), "errored", "is not a valid JUnit report"),
        (
            "build-test",
            junit(GOOD_XML, 1),
            "errored",
            "Its gates passed, but it ended with exit code 1.",
        ),
        ("build-test", junit('<testsuite tests="0" failures="0" errors="0"/>'), "failed", "is 0"),
        ("build-test", ends(0), "errored", "The check build-test wrote no report."),
        ("ci-runner", ends(1), "errored", "its last words"),
    ],
)
def test_a_service_that_did_not_show_that_it_passed(
    workspace: Workspace, service: str, act: Act, status: str, words: str
) -> None:
    """An exit code of 0 is not enough, and a verdict with another exit code neither."""
    found = run(workspace, {service: act})[service]

    assert found.status == status
    assert words in found.note


def test_a_service_that_could_not_be_started_is_errored(workspace: Workspace) -> None:
    """The others end, and the program that is missing is named."""

    def missing(_: Path) -> int:
        raise CommandFailedError("docker is not installed or not on PATH.")

    found = run(workspace, {"lint-check": missing, "unit-tests": evidence("tests")})

    assert found["lint-check"].status is Status.ERRORED
    assert found["lint-check"].code is None
    assert "docker is not installed" in found["lint-check"].note
    assert found["unit-tests"].status is Status.PASSED


def test_what_an_earlier_run_left_shows_nothing(workspace: Workspace) -> None:
    """A service that does not start now has no evidence, though it had some the last time."""
    run(workspace, {"lint-check": evidence("lint")})

    assert run(workspace, {"lint-check": ends(1)})["lint-check"].status is Status.ERRORED


@pytest.mark.parametrize(
    ("acts", "error"),
    [
        ({"lint-check": evidence("lint", "failed"), "build-test": ends(1)}, GateFailedError),
        ({"lint-check": evidence("lint"), "build-test": ends(1)}, NothingToJudgeError),
    ],
)
def test_the_worst_verdict_decides(
    workspace: Workspace, acts: dict[str, Act], error: type[Exception]
) -> None:
    """A gate that said no comes before one that could not be judged; both name the service."""
    with pytest.raises(error) as caught:
        ci.require_passed(run(workspace, acts).values())

    assert ("lint-check" if error is GateFailedError else "build-test") in str(caught.value)


def test_containers_see_what_is_given_to_them(workspace: Workspace) -> None:
    """A directory of advisories outside the project is seen at its own place, read-only."""
    seen: list[str] = []
    ci.run(workspace, ci.chosen(["lint-check"]), place(workspace, {"lint-check": ends(0)}, seen))

    assert " run --rm --no-TTY --quiet-pull " in seen[0]
    assert "--volume=/given/advisories:/given/advisories:ro" in seen[0]
    assert seen[0].endswith(" lint-check")


@pytest.mark.parametrize("outside", [False, True])
def test_advisories_are_seen_under_the_name_that_was_given(
    workspace: Workspace, outside: bool
) -> None:
    """In the working tree or not: an absolute name is mounted, a relative one is in the copy."""
    here = "/elsewhere" if outside else str(workspace.config.root / "advisories")
    seen: list[str] = []
    for name in (here, "advisories"):
        given = {**workspace.config.env, "TOWPATH_ADVISORIES": name}
        made = replace(workspace, config=replace(workspace.config, env=given))
        ci.run(made, ci.chosen(["ci-runner"]), place(made, {"ci-runner": ends(0)}, seen))

    assert f"--volume={here}:{here}:ro" in seen[0]
    assert "advisories" not in seen[1]


def test_an_interrupt_takes_everything_down(workspace: Workspace) -> None:
    """The copies are gone, and the last command took the project down."""

    def interrupt(_: Path) -> int:
        raise KeyboardInterrupt

    with pytest.raises((KeyboardInterrupt, InterruptedRunError)):
        run(workspace, {"lint-check": interrupt})

    assert calls(workspace)[-1].startswith(DOWN)
    assert not (workspace.config.reports / "ci/work").exists()


def test_two_runs_at_once_are_refused(workspace: Workspace) -> None:
    """The second would take the containers of the first down."""
    lock = workspace.config.state / "ci/lock"

    with locks.opened(lock) as taken:
        taken.alone()
        with pytest.raises(LockedError, match="Another `invoke ci.run`") as caught:
            run(workspace, {"lint-check": ends(0)})

    assert "same containers" in caught.value.why
    assert calls(workspace) == []


def test_an_unknown_service_names_the_nearest() -> None:
    """Nothing is built for a slip of the hand."""
    with pytest.raises(ConfigurationError, match="'lint-chek'. Did you mean 'lint-check'"):
        ci.chosen(["unit-tests", "lint-chek"])


def test_a_service_that_is_named_twice_runs_once() -> None:
    """In the order of the line."""
    found = ci.chosen(["unit-tests", "lint-check", "unit-tests"])

    assert [check.service for check in found] == ["unit-tests", "lint-check"]


def test_a_project_without_the_services_is_told(workspace: Workspace) -> None:
    """The file that is missing is named."""
    (workspace.config.root / "compose/ci.yaml").unlink()

    with pytest.raises(ConfigurationError, match="compose/ci.yaml"):
        run(workspace, {"lint-check": ends(0)})

    (workspace.config.root / "compose/ci.yaml").touch()
    (workspace.config.root / "Dockerfile").write_text("FROM scratch AS production\n")
    with pytest.raises(ConfigurationError, match="Unknown target 'ci'") as caught:
        run(workspace, {"lint-check": ends(0)})
    assert "[tool.towpath.image] stages" in caught.value.next_step


def with_settings(workspace: Workspace, **settings: Any) -> Workspace:
    return replace(workspace, config=replace(workspace.config, **settings))


def test_the_build_test_is_judged_by_the_limits_of_the_project(workspace: Workspace) -> None:
    """Two tests are wanted, and one ran."""
    strict = with_settings(workspace, gates={"INTEGRATION_RUN": 1})

    found = run(strict, {"build-test": junit(GOOD_XML)})["build-test"]

    assert found.status is Status.FAILED
    assert found.note.startswith("tests_run is 1; required: INTEGRATION_RUN > 1")


def test_the_build_test_is_judged_by_the_waivers_of_the_project(workspace: Workspace) -> None:
    """And says so; a waiver of another gate changes nothing."""

    def waiving(code: str) -> ci.Result:
        waiver = Waiver(code, "being mended", dt.date(2999, 1, 1))
        waived = with_settings(workspace, waivers=(waiver,))
        return run(waived, {"build-test": junit(BAD_XML)})["build-test"]

    assert waiving("INTEGRATION_FAILED").status is Status.PASSED
    assert "waived: being mended (until 2999-01-01)" in waiving("INTEGRATION_FAILED").note
    assert waiving("INTEGRATION_RUN").status is Status.FAILED


def test_evidence_of_a_container_is_judged_again(workspace: Workspace) -> None:
    """Whatever ran in there wrote it."""
    lie = evidence("tests", more={"coverage": 3})

    found = run(workspace, {"unit-tests": lie})["unit-tests"]

    assert found.status is Status.ERRORED
    assert "wrote is not valid." in found.note
    assert "coverage is 3 %; required: COVERAGE >= 80 %" in found.note


def test_a_project_in_a_bigger_repository_runs_where_it_lies(workspace: Workspace) -> None:
    """Containers work in its directory of the copy, and what they report is found there."""
    runner = workspace.runner
    assert isinstance(runner, TableRunner)
    head = f"{'c' * 40}\n{'t' * 40}\napps/shop/\n.git/index\n"
    runner.answers = {
        "rev-parse HEAD": head,
        "rev-parse --verify": f"{'t' * 40}\n",
    } | runner.answers
    seen: list[str] = []

    def act(reports: Path) -> int:
        reports.mkdir()
        code = evidence("lint")(reports)
        (reports / "evidence").rename(reports.parent / "apps/shop/reports/evidence")
        return code

    results = ci.run(
        workspace, ci.chosen(["lint-check"]), place(workspace, {"lint-check": act}, seen)
    )

    assert [row.status for row in results] == [Status.PASSED]
    assert (workspace.config.reports / "ci/lint-check/evidence/lint.json").is_file()
