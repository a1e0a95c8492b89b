"""Whom the product is to its database: the owner of it, and no superuser."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import connection

from towpath.config.workspace import Workspace
from towpath.core.runner import Runner
from towpath.engine import processes
from towpath.environments import compose_commands as compose
from towpath.environments import secrets
from towpath.environments import services as stack
from towpath.environments.environment import Site

pytestmark = [pytest.mark.integration, pytest.mark.engine]

OLD = """
CREATE TABLE book (id bigserial PRIMARY KEY, title text);
INSERT INTO book (title) VALUES ('kept');
CREATE TABLE log (at date) PARTITION BY RANGE (at);
CREATE TABLE log_now PARTITION OF log FOR VALUES FROM ('2020-01-01') TO ('2030-01-01');
CREATE VIEW titles AS SELECT title FROM book;
CREATE MATERIALIZED VIEW kept AS SELECT title FROM book;
CREATE SEQUENCE lone;
CREATE TYPE mood AS ENUM ('good');
CREATE SCHEMA other;
CREATE TABLE other."Odd Name" (id int GENERATED ALWAYS AS IDENTITY);
CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE EXTENSION citext;
CREATE ROLE somebody;
CREATE TABLE theirs (id int);
ALTER TABLE theirs OWNER TO somebody;
"""
OWNERS = """
SELECT relname, relowner::regrole FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
WHERE nspname IN ('public', 'other') AND relkind <> 'i' AND relname NOT LIKE '%_pkey'
UNION SELECT typname, typowner::regrole FROM pg_type WHERE typname = 'mood'
UNION SELECT proname, proowner::regrole FROM pg_proc WHERE proname = 'one'
UNION SELECT nspname, nspowner::regrole FROM pg_namespace WHERE nspname = 'other'
UNION SELECT datname, datdba::regrole FROM pg_database WHERE datname = 'dashboard'
"""
RIGHTS = "SELECT rolsuper, rolcreaterole, rolreplication, rolbypassrls, rolcreatedb FROM pg_roles"


@pytest.fixture
def site(local: Workspace, tmp_path: Path) -> Iterator[Site]:
    """Run a database of its own, whose data outlives its container."""
    env = {**local.config.env, "TOWPATH_STATE": str(tmp_path)}
    config = replace(local.config, env=env, name=f"towpath-role-{uuid4().hex[:8]}")
    runner = Runner(local.terminal, env=env, cwd=config.root)
    workspace = Workspace(config, runner, local.terminal)
    found = Site.open(workspace, config.environment("development"))
    try:
        stack.up(found, ("database",))
        yield found
    finally:
        stack.services_down(workspace, found.environment, volumes=True)


def ask(site: Site, statement: str, user: str = "dashboard") -> str:
    """Run SQL in the container, as a user over its socket."""
    flags = ["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]
    argv = ["psql", *flags, f"--username={user}", "--dbname=dashboard", "--file=-"]
    said = site.compose(compose.execute(site.project, "database", argv), stdin=statement)
    return said.stdout.strip()


@pytest.mark.django_db
@pytest.mark.usefixtures("needs_database")
def test_these_tests_have_the_rights_of_the_product() -> None:
    """And one more: to make databases of their own."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT current_user, rights.* FROM ({RIGHTS} WHERE rolname = current_user)"
            " AS rights"
        )
        found = cursor.fetchone()

    assert found == ("dashboard_app", False, False, False, False, True)


def test_a_database_of_an_earlier_time_is_handed_over(site: Site) -> None:
    """When the server starts again everything belongs to the product, and its data is there."""
    ask(site, OLD)
    (before,) = site.containers("database")
    site.workspace.runner.run(["docker", "restart", before.name])
    handed_over = processes.until(
        lambda: _is_up(site) and "book|dashboard_app" in ask(site, OWNERS).splitlines(), 60
    )
    owners = dict(row.split("|") for row in ask(site, OWNERS).splitlines())

    assert handed_over
    assert owners.pop("theirs") == "somebody"
    assert set(owners) >= {
        *("dashboard", "book", "book_id_seq", "log", "log_now", "titles", "kept", "lone", "mood"),
        *("other", "Odd Name", "one"),
    }
    assert set(owners.values()) == {"dashboard_app"}
    assert ask(site, "SELECT title FROM book", "dashboard_app") == "kept"


def test_the_role_of_the_product_has_no_other_rights(site: Site) -> None:
    """It makes tables, reads no file of the server, and logs in with its own password."""
    rights = ask(site, f"{RIGHTS} WHERE rolname = 'dashboard_app'")
    refused = site.compose(
        compose.execute(
            site.project,
            "database",
            ["psql", "--username=dashboard_app", "--dbname=dashboard", "--file=-"],
        ),
        stdin="\\set ON_ERROR_STOP on\nSELECT pg_read_file('PG_VERSION');\n",
        check=False,
    )
    script = (
        'PGPASSWORD="$(cat /run/secrets/database_app_password)" psql --host=127.0.0.1'
        " --username=dashboard_app --dbname=dashboard --command='CREATE TABLE mine (id int)'"
    )
    made = site.compose(
        compose.execute(site.project, "database", ["bash", "-c", script]), check=False
    )
    (container,) = site.containers("database")
    password = secrets.values(site.state)["database_app_password"]

    assert rights == "f|f|f|f|f"
    assert not refused.ok
    assert "permission denied for function pg_read_file" in refused.stderr
    assert made.ok
    assert password not in site.engine.logs(container, 1000)


def _is_up(site: Site) -> bool:
    time.sleep(0.5)
    return all(row.well for row in site.containers("database"))
