"""What stands between a release and the schema: conflicts, rows without code, and waivers."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
import subprocess  # nosec B404: the program of a container, run as one would
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.deployment.world import FIRST, SECOND, World, site_of
from towpath.config.waivers import Waiver
from towpath.core.errors import GateFailedError
from towpath.deployment import deploy
from towpath.deployment.migrations import migrate
from towpath.environments.environment import Release, Site

GONE, SQUASH = "gone.0001_initial", "app.0001_squashed_0002"


@pytest.fixture
def world() -> World:
    """Nothing runs yet."""
    return World()


@pytest.fixture
def served(world: World, tmp_path: Path) -> Site:
    """An environment after its first deployment."""
    found = site_of(world, tmp_path)
    deploy.carry_out(found, "deploy", FIRST, "1.0")
    world.acts.clear()
    return found


def waiving(site: Site, name: str) -> Site:
    """Return the site of a project with a waiver of this id."""
    waiver = Waiver(name, "it was read", dt.date(2999, 1, 1))
    config = replace(site.workspace.config, waivers=(waiver,))
    return replace(site, workspace=replace(site.workspace, config=config))


def test_two_last_migrations_are_refused_before_anything(served: Site, world: World) -> None:
    """They are named, and so is the way out; no backup is made."""
    world.plan["conflicts"] = [["app.0002_a", "app.0002_b"]]
    with pytest.raises(GateFailedError, match="app.0002_a and app.0002_b") as caught:
        deploy.carry_out(served, "deploy", SECOND, "2.0")

    assert "makemigrations --merge" in caught.value.next_step
    assert world.acts == []
    with pytest.raises(GateFailedError, match="more than one is the last of its app"):
        migrate.plan(served, Release())


def test_an_app_that_left_stops_no_release(served: Site, world: World) -> None:
    """Its migrations ran Python, nobody judged them safe, and they are no newer schema."""
    world.plan |= {"unknown": [GONE], "newer": []}
    deploy.carry_out(served, "deploy", SECOND, "2.0")

    assert world.ready == ["2.0"]
    assert served.history.releases()[-1]["unknown"] == [GONE]


@pytest.mark.parametrize("name", ["MOVED_PAST", "MOVED_PAST:app.0003_x"])
def test_what_may_be_newer_is_refused_until_it_is_waived(
    served: Site, world: World, name: str
) -> None:
    """The error says how; a waiver of another migration does not count."""
    world.plan |= {"unknown": ["app.0003_x"], "newer": ["app.0003_x"]}
    for site in (served, waiving(served, "MOVED_PAST:app.0004_y")):
        with pytest.raises(GateFailedError, match="is too new for 2.0: app.0003_x") as caught:
            deploy.carry_out(site, "deploy", SECOND, "2.0")
        assert "id = 'MOVED_PAST:app.0003_x'" in caught.value.next_step

    deploy.carry_out(waiving(served, name), "deploy", SECOND, "2.0")

    assert world.ready == ["2.0"]


def test_a_squash_is_written_down_without_a_backup(served: Site, world: World) -> None:
    """No table changes by it, and going back to the release before stays possible."""
    world.plan["replaced"] = [SQUASH]
    deploy.carry_out(served, "deploy", SECOND, "2.0")
    assert world.acts[0] == "apply"
    assert "backup" not in world.acts

    world.plan |= {"replaced": [], "unknown": [SQUASH], "newer": [SQUASH]}
    deploy.carry_out(served, "rollback", FIRST, "1.0")

    assert world.ready == ["1.0"]


@pytest.mark.door
def test_the_program_needs_nothing_of_ours_in_the_container(tmp_path: Path) -> None:
    """It runs where Django is and Towpath is not, from standard input."""
    (tmp_path / "away.py").write_text(
        "INSTALLED_APPS = ['django.contrib.contenttypes']\n"
        "SECRET_KEY, USE_TZ = 'x', True\n"
        f"DATABASES = {{'default': {{'ENGINE': 'django.db.backends.sqlite3',"
        f" 'NAME': {str(tmp_path / 'db')!r}}}}}\n"
    )

    def ask(*words: str) -> dict[str, object]:
        ended = subprocess.run(  # nosec B603: our own program
            [sys.executable, "-", "away", *words],
            input=migrate.program(),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONPATH": str(tmp_path)},
        )
        found: dict[str, object] = json.loads(ended.stdout.splitlines()[-1])
        return found

    planned = ask("plan")
    done = ask("apply", str(planned["hash"]))

    assert done["applied"] == [
        "contenttypes.0001_initial",
        "contenttypes.0002_remove_content_type_name",
    ]
    with sqlite3.connect(tmp_path / "db") as database:
        (rows,) = database.execute("SELECT count(*) FROM django_migrations").fetchone()
    database.close()
    assert rows == 2
