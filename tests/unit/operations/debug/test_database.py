"""psql in a database's container: nothing changes unless that is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes import Answer, QuietTerminal, outcome
from tests.unit.operations.debug.test_service_shell import calls, site_with
from towpath.core.errors import CommandFailedError
from towpath.environments.engine import Container
from towpath.operations.debug.database import open_database

DATABASE = [Container("1", "box-staging-database-1", "database", True)]
ASKED, PSQL = "pg_get_userbyid", "PGOPTIONS"
LOGS = "next: invoke services.logs --environment=staging --service=database"


def answers(psql: Answer = "", owner: Answer = "box_app\n") -> dict[str, Answer]:
    """Return the answers of a database with this owner."""
    return {ASKED: owner, PSQL: psql}


def test_it_is_read_only(tmp_path: Path) -> None:
    """By the role and by each transaction; the prompt says so."""
    site = site_with(tmp_path, answers(), DATABASE)

    open_database(site)

    script = (
        "name=${1:-$POSTGRES_DB}; shift; "
        'exec psql --no-psqlrc --username="$POSTGRES_USER" --dbname="$name" "$@"'
    )
    owner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()"
    assert calls(site) == [
        (
            *("docker", "exec", "box-staging-database-1", "sh", "-c", script, "psql", ""),
            *("--tuples-only", "--no-align", f"--command={owner}"),
        ),
        (
            *("docker", "exec", "--interactive", "--tty"),
            "--env=PGOPTIONS=-c role=pg_read_all_data -c default_transaction_read_only=on",
            *("--env=PSQL_HISTORY=/dev/null", "box-staging-database-1"),
            *("sh", "-c", script, "psql", "", "--set=PROMPT1=%/ read-only%R%x%# "),
        ),
    ]
    terminal = site.workspace.terminal
    assert isinstance(terminal, QuietTerminal)
    assert terminal.said == "psql in box-staging-database-1, read-only; \\q ends it.\n"


def test_with_write_it_is_the_owner(tmp_path: Path) -> None:
    """What is made then belongs to the product, and not to the superuser; the prompt warns."""
    site = site_with(tmp_path, answers(), DATABASE)

    open_database(site, "test_box", write=True)

    argv = calls(site)[1]
    assert "--env=PGOPTIONS=-c role=box_app" in argv
    assert argv[-2:] == ("test_box", "--set=PROMPT1=%/ WRITE%R%x%# ")


def test_a_statement_needs_no_terminal(tmp_path: Path) -> None:
    """Its answer is the command's output."""
    site = site_with(tmp_path, answers(" 1\n"), DATABASE)

    open_database(site, statement="SELECT 1")

    argv = calls(site)[1]
    assert argv[:4] == (
        *("docker", "exec"),
        "--env=PGOPTIONS=-c role=pg_read_all_data -c default_transaction_read_only=on",
        "--env=PSQL_HISTORY=/dev/null",
    )
    assert argv[-3:] == ("", "--set=ON_ERROR_STOP=1", "--command=SELECT 1")
    terminal = site.workspace.terminal
    assert isinstance(terminal, QuietTerminal)
    assert terminal.written == " 1\n"


@pytest.mark.parametrize(
    ("said", "next_step"),
    [
        (
            "ERROR:  cannot execute DELETE in a read-only transaction",
            ["next: Add --write if it is meant to change data."],
        ),
        (
            "ERROR:  permission denied for table x",
            ["next: Add --write if it is meant to change data."],
        ),
        ('ERROR:  syntax error at or near "DELTE"', []),
    ],
)
def test_a_statement_that_fails_says_why(tmp_path: Path, said: str, next_step: list[str]) -> None:
    """In PostgreSQL's words, and what to do where it was not allowed to."""
    site = site_with(tmp_path, answers(outcome(code=3, stderr=said)), DATABASE)

    with pytest.raises(CommandFailedError) as caught:
        open_database(site, statement="DELETE FROM x")

    assert caught.value.lines() == ["The statement failed.", f"why: {said}", *next_step]


def test_a_database_that_cannot_be_opened_is_said_before(tmp_path: Path) -> None:
    """No terminal is handed over; also where psql itself fails, its exit code is ours to say."""
    words = "psql: error: FATAL:  the database system is starting up"
    site = site_with(tmp_path, answers(owner=outcome(code=2, stderr=words)), DATABASE)
    strange = site_with(tmp_path, answers(owner="a; b\n"), DATABASE)
    broken = site_with(tmp_path, answers(outcome(code=2)), DATABASE)

    with pytest.raises(CommandFailedError) as closed:
        open_database(site)
    with pytest.raises(CommandFailedError) as odd:
        open_database(strange)
    with pytest.raises(CommandFailedError) as ended:
        open_database(broken)

    name = "box-staging-database-1"
    assert closed.value.lines() == [f"Cannot open the database in {name}.", f"why: {words}", LOGS]
    assert odd.value.lines() == [
        f"PostgreSQL in {name} names no owner of the database.",
        "why: It answered 'a; b'.",
        LOGS,
    ]
    assert ended.value.lines() == [f"psql in {name} failed (exit code 2).", LOGS]
