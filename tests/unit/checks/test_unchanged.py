"""In a real repository: nothing changed is not run again, any single change is."""

from __future__ import annotations

import datetime as dt
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fakes import QuietTerminal
from tests.releases import good
from towpath import config, gates
from towpath.checks import reuse as sessions
from towpath.config import CHECKS
from towpath.config.workspace import Workspace
from towpath.core.runner import Runner
from towpath.evidence import record as stages
from towpath.evidence import stage_inputs
from towpath.evidence import store as shelf
from towpath.evidence.statement import Statement
from towpath.gates import Status
from towpath.source import snapshot as source

pytestmark = pytest.mark.door

SETTINGS = """
[project]
classifiers = ["Programming Language :: Python :: 3.13"]
[tool.towpath.ignored]
lint = ["docs/", "*.md"]
tests = ["docs/"]
integration = ["docs/", "*.md", "tests/unit/"]
performance = ["docs/", "compose/"]
"""
WAIVER = '[[tool.towpath.waivers]]\nid = "LINT"\nreason = "r"\nexpires = 2999-01-01\n'
FILES = {
    "app/a.py": "a = 1\n",
    "app/page.html": "<p>\n",
    "towpath/b.py": "b = 1\n",
    "tests/unit/test_a.py": "def test(): ...\n",
    "tests/integration/test_b.py": "def test(): ...\n",
    "requirements/lint.txt": "black==1 --hash=sha256:00\n",
    "requirements/test.txt": "pytest==1 --hash=sha256:00\n",
    "compose/base.yaml": "services: {}\n",
    ".github/workflows/pipeline.yml": "on: push\n",
    "Dockerfile": "FROM scratch\n",
    "noxfile.py": "",
    "pyproject.toml": SETTINGS,
    "README.md": "words\n",
    "docs/a.md": "words\n",
    "what is this": "?",
}
UNREAD = {
    "lint": {"README.md", "docs/a.md"},
    "tests": {"docs/a.md"},
    "integration": {"README.md", "docs/a.md", "tests/unit/test_a.py"},
    "performance": {"docs/a.md", "compose/base.yaml"},
    "security": set[str](),
}


def git(root: Path, *argv: str) -> None:
    """Run git as somebody."""
    who = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.com")
    subprocess.run(["git", "-C", str(root), *who, *argv], check=True, capture_output=True)


def commit(root: Path) -> str:
    """Commit everything and return the commit."""
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--allow-empty", "-m", "a change")
    done = subprocess.run(
        ["git", "-C", str(root), "rev-parse", "HEAD"], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository with a file of each kind, all of them committed."""
    root = tmp_path_factory.mktemp("template")
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (root / ".gitignore").write_text("reports/\n")
    git(root, "init", "--quiet")
    commit(root)
    return root


@pytest.fixture
def root(template: Path, tmp_path: Path) -> Path:
    """Return a clone of the repository, of this test's own."""
    git(tmp_path, "clone", "--quiet", str(template), "project")
    return tmp_path / "project"


def only_git(root: Path) -> str:
    """Return a directory for PATH with git and nothing else: /usr/bin may have a Python too."""
    place = root.parent / "only-git"
    if not place.is_dir():
        place.mkdir()
        (place / "git").symlink_to(shutil.which("git") or "git")
    return str(place)


def workspace_of(root: Path, **env: str) -> Workspace:
    """Return a session as an entry point makes it, with no Python to be found but ours."""
    given = {"PATH": only_git(root), "PYENV_ROOT": "/nonexistent", "HOME": str(root), **env}
    terminal = QuietTerminal()
    runner = Runner(terminal, env=given, cwd=root)
    return Workspace(config.load(root, given), runner, terminal)


def run(workspace: Workspace, stage: str, status: Status = Status.PASSED) -> Statement:
    """Leave the evidence of a check that has run on the files as they are."""
    seen = source.read_files(workspace)
    return stages.record(
        workspace,
        stages.StageRecord(
            stage=stage,
            subject=seen.subject,
            facts={**good(stage), "pythons": ["3.13"]},
            inputs=stage_inputs.check_inputs(workspace, seen, stage),
            started=dt.datetime(2026, 11, 24, 21, 0, tzinfo=dt.UTC),
            duration=12.94,
            reason="" if status is Status.PASSED else "it crashed",
        ),
    )


def holds(workspace: Workspace, stage: str) -> bool:
    """Tell whether a check need not run."""
    return sessions.unchanged(workspace, stage)


@pytest.mark.parametrize("stage", CHECKS)
def test_nothing_changed_is_not_run_again(root: Path, stage: str) -> None:
    """And it is said since when, what that saves, and on which commit it passed."""
    workspace = workspace_of(root)
    assert not holds(workspace, stage)
    statement = run(workspace, stage)

    assert holds(workspace, stage)
    assert stages.read_statement(workspace.config, stage) == statement
    said = workspace.terminal.said  # type: ignore[attr-defined]
    passed_on = statement.subject.digest["gitCommit"][:7]
    assert f"{stage}: unchanged since 2026-11-24T21:00:00Z, skipping saves 12.9 s" in said
    assert f"passed on {passed_on}" in said


def edit(root: Path, name: str) -> None:
    """Add to a file."""
    with (root / name).open("a") as file:
        file.write("# more\n")


def held(root: Path) -> set[str]:
    """Return the checks that need not run on the files as they are."""
    workspace = workspace_of(root)
    return {stage for stage in CHECKS if holds(workspace, stage)}


@pytest.mark.parametrize("name", FILES)
def test_a_changed_file_makes_every_check_run_that_reads_it(root: Path, name: str) -> None:
    """Whether it is committed or not; a check that ignores it is carried to the new commit."""
    workspace = workspace_of(root)
    originals = {stage: run(workspace, stage) for stage in CHECKS}
    edit(root, name)
    ignoring = {stage for stage in CHECKS if name in UNREAD[stage]}

    assert held(root) == ignoring
    made = commit(root)
    assert held(root) == ignoring
    for stage in ignoring:
        statement = stages.require(workspace.config, stage)
        assert statement.subject.digest["gitCommit"] == made
        assert statement.reuses["sha256"] == originals[stage].sha256
        assert statement.facts == originals[stage].facts


@pytest.mark.parametrize("act", ["new", "gone", "renamed", "executable"])
def test_more_than_a_files_text_counts(root: Path, act: str) -> None:
    """A file that is new, gone, called otherwise or executable."""
    workspace = workspace_of(root)
    for stage in CHECKS:
        run(workspace, stage)
    assert held(root) == set(CHECKS)
    file = root / "app/a.py"
    acts: dict[str, Callable[[], object]] = {
        "new": (root / "app/new.py").touch,
        "gone": file.unlink,
        "renamed": lambda: file.rename(root / "app/c.py"),
        "executable": lambda: file.chmod(0o755),
    }
    acts[act]()

    assert held(root) == set()


@pytest.mark.parametrize("stage", CHECKS)
@pytest.mark.parametrize("status", [Status.FAILED, Status.ERRORED])
def test_what_did_not_pass_is_run_again(root: Path, stage: str, status: Status) -> None:
    """Also where it passed before on the very same files."""
    workspace = workspace_of(root)
    run(workspace, stage)
    run(workspace, stage, status)

    assert not holds(workspace, stage)


def test_another_threshold_makes_every_check_run(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However small the difference, and wherever the gates come from."""
    workspace = workspace_of(root)
    for stage in CHECKS:
        run(workspace, stage)
    assert all(holds(workspace, stage) for stage in CHECKS)
    first, *others = gates.GATES
    monkeypatch.setattr(gates, "GATES", (replace(first, limit=first.limit + 0.001), *others))

    assert not any(holds(workspace, stage) for stage in CHECKS)


def test_another_waiver_makes_every_check_run(root: Path) -> None:
    """One more, or a word in the reason of one."""
    workspace = workspace_of(root)
    for stage in CHECKS:
        run(workspace, stage)
    (root / "pyproject.toml").write_text(SETTINGS + WAIVER)
    waived = workspace_of(root)
    assert not any(holds(waived, stage) for stage in CHECKS)
    for stage in CHECKS:
        run(waived, stage)
    (root / "pyproject.toml").write_text(SETTINGS + WAIVER.replace('"r"', '"R"'))

    assert not any(holds(workspace_of(root), stage) for stage in CHECKS)


@pytest.mark.parametrize("fact", ["system", "machine"])
def test_another_machine_makes_every_check_run(
    root: Path, fact: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What passed on one kind of machine has shown nothing of another."""
    workspace = workspace_of(root)
    for stage in CHECKS:
        run(workspace, stage)
    monkeypatch.setattr(f"platform.{fact}", lambda: "another")

    assert held(root) == set()


def test_another_interpreter_makes_every_check_run_that_it_runs(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tests run on all Pythons, and the session of each of them has to come to one answer."""
    workspace = workspace_of(root)
    for stage in CHECKS:
        run(workspace, stage)
    monkeypatch.setattr("platform.python_version", lambda: "3.99.0")

    assert held(root) == {"tests"}


def python(place: Path, version: str) -> None:
    """Make a Python that only says its version."""
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(f"#!/bin/sh\necho Python {version}\n")
    place.chmod(0o755)


def test_the_tests_depend_on_every_python_that_is_here(root: Path, tmp_path: Path) -> None:
    """One that was renewed makes them run; lint does not run on it."""
    place = tmp_path / "bin" / "python3.13"
    python(place, "3.13.1")
    env = {"PATH": f"{place.parent}:{only_git(root)}"}
    workspace = workspace_of(root, **env)
    run(workspace, "tests")
    run(workspace, "lint")
    assert holds(workspace, "tests")
    python(place, "3.13.2")

    assert not holds(workspace_of(root, **env), "tests")
    assert holds(workspace_of(root, **env), "lint")


@pytest.mark.parametrize(("ci", "again"), [("", True), ("true", False)])
def test_tests_that_lacked_a_python_do_not_hold_in_ci(root: Path, ci: str, again: bool) -> None:
    """There it is a gap; on a laptop it was a warning, and stays one."""
    workspace = workspace_of(root)
    statement = run(workspace, "tests")
    gap = replace(statement, facts={**statement.facts, "pythons": []})
    shelf.put(workspace.config, gap)

    assert holds(workspace_of(root, CI=ci), "tests") is again


def test_tests_of_one_python_do_not_hold_where_there_are_more(root: Path, tmp_path: Path) -> None:
    """Somebody ran one session of the matrix only."""
    python(tmp_path / "bin" / "python3.13", "3.13.1")
    workspace = workspace_of(root, PATH=f"{tmp_path}/bin:{only_git(root)}")
    statement = run(workspace, "tests")
    shelf.put(workspace.config, replace(statement, facts={**statement.facts, "pythons": []}))

    assert not holds(workspace, "tests")


def test_security_depends_on_the_day_and_on_every_advisory(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Advisories grow old, and a directory of them may change without a new name."""
    advisories = tmp_path / "advisories" / "insecure.json"
    advisories.parent.mkdir()
    advisories.write_text("{}")
    workspace = workspace_of(root, TOWPATH_ADVISORIES=str(advisories.parent))
    run(workspace, "security")
    assert holds(workspace, "security")
    advisories.write_text("{ }")
    assert not holds(workspace, "security")
    run(workspace, "security")
    run(workspace, "lint")
    tomorrow = dt.datetime.now(dt.UTC) + dt.timedelta(days=1)
    monkeypatch.setattr(stages, "now", lambda: tomorrow)

    assert not holds(workspace, "security")
    assert holds(workspace, "lint")


def test_going_back_to_a_branch_finds_its_evidence(root: Path) -> None:
    """With the reports that belong to it."""
    workspace = workspace_of(root)
    report = root / "reports/coverage.json"
    report.parent.mkdir()
    first = run(workspace, "lint")
    git(root, "checkout", "--quiet", "-b", "other")
    edit(root, "app/a.py")
    commit(root)
    second = run(workspace, "lint")
    git(root, "checkout", "--quiet", "-")

    assert holds(workspace, "lint")
    assert stages.read_statement(workspace.config, "lint") == first
    git(root, "checkout", "--quiet", "other")
    assert holds(workspace, "lint")
    assert stages.read_statement(workspace.config, "lint") == second


def test_evidence_is_carried_from_its_original_however_often(root: Path) -> None:
    """A chain of commits that change no input rests on the one statement that was made."""
    workspace = workspace_of(root)
    original = run(workspace, "lint")
    for _ in range(2):
        edit(root, "README.md")
        commit(root)
        assert holds(workspace, "lint")
    statement = stages.require(workspace.config, "lint")
    before = stages.path(workspace.config, "lint").stat().st_mtime_ns

    assert statement.reuses["sha256"] == original.sha256
    assert statement.reuses["gitCommit"] == original.subject.digest["gitCommit"]
    assert holds(workspace, "lint")
    assert stages.path(workspace.config, "lint").stat().st_mtime_ns == before


def test_running_it_again_after_it_was_carried_is_a_second_attempt(root: Path) -> None:
    """What was carried is named as the one that is repeated."""
    workspace = workspace_of(root)
    run(workspace, "lint")
    edit(root, "README.md")
    commit(root)
    assert holds(workspace, "lint")
    carried = stages.require(workspace.config, "lint")

    again = run(workspace, "lint")

    assert (again.attempt, again.repeats) == (2, carried.sha256)
    assert not again.reuses


def test_an_attempt_is_remembered_over_a_change_of_branch(root: Path) -> None:
    """Looking at another branch in between does not make the next attempt a first one."""
    workspace = workspace_of(root)
    failed = run(workspace, "lint", Status.ERRORED)
    git(root, "checkout", "--quiet", "-b", "other")
    edit(root, "app/a.py")
    commit(root)
    run(workspace, "lint")
    git(root, "checkout", "--quiet", "-")

    again = run(workspace, "lint")

    assert (again.attempt, again.repeats) == (2, failed.sha256)
