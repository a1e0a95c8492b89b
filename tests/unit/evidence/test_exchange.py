"""Evidence from one job to the next: whole, about this commit, and of the job's own stages only."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.checks.checked import project, workspace_of
from towpath.config.workspace import Workspace
from towpath.core.errors import ConfigurationError, NothingToJudgeError
from towpath.core.subject import Subject
from towpath.evidence import exchange
from towpath.evidence import record as stages
from towpath.evidence.reused_statement import reuse_statement
from towpath.evidence.statement import Statement
from towpath.gates import Status

COMMIT, TREE = "c" * 40, "t" * 40
HERE = Subject.commit(COMMIT, TREE)
IMAGE = Subject.image("app", "1" * 64)
FILE = Path("reports/evidence-checks.json")


def statement(stage: str, subject: Subject = HERE, **facts: str) -> Statement:
    """Return a statement that passed."""
    when = "2026-11-29T12:00:00Z"
    return Statement(stage, subject, Status.PASSED, when, 1, "p", "i", facts=facts)


def pack(workspace: Workspace, *rows: Statement) -> str:
    """Write the file that a job hands on, whatever is in it, and return its sha256."""
    raw = json.dumps({"statements": [row.as_json() for row in rows]}).encode()
    (workspace.config.root / FILE).parent.mkdir(exist_ok=True)
    (workspace.config.root / FILE).write_bytes(raw)
    return hashlib.sha256(raw).hexdigest()


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Return the session of the job that takes."""
    return workspace_of(project(tmp_path), {})


def refused(workspace: Workspace, sha256: str, *wanted: str, commit: str = COMMIT) -> str:
    """Return why the file is refused, and check that nothing of it was taken."""
    with pytest.raises(NothingToJudgeError, match="is not accepted as evidence") as caught:
        exchange.import_statements(workspace, FILE, wanted, commit=commit, sha256=sha256)
    assert not (workspace.config.reports / "evidence").exists()
    return caught.value.why


def test_what_one_job_writes_the_next_one_takes(workspace: Workspace, tmp_path: Path) -> None:
    """Statement by statement, and the sha256 is that of the file."""
    rows = [statement("lint", issues="0"), statement("tests")]
    for row in rows:
        stages.write_statement(workspace.config, row)
    sha256 = exchange.export(workspace, FILE, ["lint", "tests"])
    assert sha256 == hashlib.sha256((tmp_path / FILE).read_bytes()).hexdigest()
    for row in rows:
        stages.path(workspace.config, row.stage).unlink()

    found = exchange.import_statements(
        workspace, FILE, ("lint", "tests"), commit=COMMIT, sha256=sha256
    )

    assert found == rows
    assert [stages.require(workspace.config, row.stage) for row in rows] == rows


def test_other_bytes_than_the_job_wrote_are_refused(workspace: Workspace) -> None:
    """Whoever changed them."""
    sha256 = pack(workspace, statement("lint"))
    pack(workspace, statement("lint", issues="0"))

    assert "Its sha256 is" in refused(workspace, sha256, "lint")
    assert "not nothing" in refused(workspace, "", "lint")


@pytest.mark.parametrize(
    ("stage", "subject"), [("scan", IMAGE), ("verify", IMAGE), ("deploy", HERE), ("tests", HERE)]
)
def test_a_job_speaks_of_its_own_stages_only(
    workspace: Workspace, stage: str, subject: Subject
) -> None:
    """Neither of one more, nor of one less, nor of one twice."""
    sha256 = pack(workspace, statement("lint"), statement(stage, subject))

    assert "expected: lint." in refused(workspace, sha256, "lint")
    assert "expected: lint, security." in refused(workspace, sha256, "lint", "security")
    twice = pack(workspace, statement("lint"), statement("lint"))
    assert "It has statements for lint, lint" in refused(workspace, twice, "lint")


@pytest.mark.parametrize(
    ("subject", "why"),
    [
        (Subject.commit("d" * 40, TREE), f"lint is about another commit: {'d' * 40}"),
        (Subject.commit(COMMIT, "e" * 40), f"lint is about another tree: {'e' * 40}"),
        (IMAGE, "lint is about another commit: None; lint is about another tree: None"),
    ],
)
def test_evidence_of_another_commit_is_refused(
    workspace: Workspace, subject: Subject, why: str
) -> None:
    """So is that of the commit with other files."""
    assert refused(workspace, pack(workspace, statement("lint", subject)), "lint") == why


def test_another_commit_than_the_run_is_for_is_refused(workspace: Workspace) -> None:
    """The job itself has to have the right one."""
    sha256 = pack(workspace, statement("lint", Subject.commit("d" * 40, TREE)))

    assert "is checked out" in refused(workspace, sha256, "lint", commit="d" * 40)


def test_evidence_of_an_earlier_run_is_refused(workspace: Workspace) -> None:
    """A cache that the project's code can write says whatever it likes."""
    reused = reuse_statement(statement("lint", Subject.commit("d" * 40, TREE)), HERE)

    assert "was reused from an earlier run" in refused(workspace, pack(workspace, reused), "lint")


def test_evidence_of_an_image_is_bound_to_the_commit(workspace: Workspace) -> None:
    """By what the build says, and all stages speak of one image."""
    built = statement("build", IMAGE, commit=COMMIT, tree=TREE)
    other = replace(built, facts={"commit": "d" * 40, "tree": TREE})
    scanned = statement("scan", Subject.image("app", "2" * 64))

    assert "build is about another commit: ddd" in refused(
        workspace, pack(workspace, other, statement("scan", IMAGE)), "build", "scan"
    )
    assert "different images" in refused(
        workspace, pack(workspace, built, scanned), "build", "scan"
    )
    sha256 = pack(workspace, built, statement("scan", IMAGE))
    assert exchange.import_statements(
        workspace, FILE, ("build", "scan"), commit=COMMIT, sha256=sha256
    )


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b'{"statements": 3}', b"[" * 100_000, b'{"a": "\xff"}']
)
def test_what_is_no_evidence_is_refused(workspace: Workspace, raw: bytes) -> None:
    """By a reason, never by a traceback."""
    pack(workspace)
    (workspace.config.root / FILE).write_bytes(raw)

    why = refused(workspace, hashlib.sha256(raw).hexdigest(), "lint")

    assert why.startswith("It is not a list of statements")


def test_a_statement_that_is_none_is_refused(workspace: Workspace) -> None:
    """As where its stage would be a path."""
    sha256 = pack(workspace, statement("../../x"))

    assert "../../x" in refused(workspace, sha256, "lint")


def test_only_a_file_is_read(workspace: Workspace, tmp_path: Path) -> None:
    """A link may point at anything, a huge file fill the memory."""
    sha256 = pack(workspace, statement("lint"))
    (tmp_path / FILE).rename(tmp_path / "elsewhere.json")
    assert refused(workspace, sha256, "lint") == "The file does not exist."
    (tmp_path / FILE).symlink_to(tmp_path / "elsewhere.json")
    assert "not a regular file" in refused(workspace, sha256, "lint")
    (tmp_path / FILE).unlink()
    with (tmp_path / FILE).open("wb") as stream:
        stream.truncate(exchange.LARGEST + 1)
    assert "not a regular file" in refused(workspace, sha256, "lint")


def test_stages_are_named_with_commas() -> None:
    """A word that is none has its nearest one."""
    assert exchange.parse_stages("lint, tests,lint") == ("lint", "tests")
    with pytest.raises(ConfigurationError, match="Unknown stage 'lnt'. Did you mean 'lint'?"):
        exchange.parse_stages("lnt")
    with pytest.raises(ConfigurationError, match="No stage was specified"):
        exchange.parse_stages(" ,")
