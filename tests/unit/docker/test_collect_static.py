"""Static files are collected while an image is built: the script, with a real Django project."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.unit.docker.scripts import fake, run

pytestmark = pytest.mark.door

SETTINGS = """\
from pathlib import Path

BASE = Path(__file__).parent
(BASE / "data").mkdir(exist_ok=True)
(BASE / "data" / "log").write_text("read")
INSTALLED_APPS = ["django.contrib.staticfiles"]
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE / "assets"]
STATIC_ROOT = %s
"""
MANAGE = """\
import os
import sys

from django.core.management import execute_from_command_line

os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
execute_from_command_line(sys.argv)
"""


def project(code: Path, root: str) -> Path:
    """Write a project whose settings write a log, and return its manage.py."""
    folder = code / "srv" / "app"
    (folder / "assets").mkdir(parents=True)
    (folder / "assets" / "site.css").write_text("p {}")
    (folder / "settings.py").write_text(SETTINGS % root)
    (folder / "manage.py").write_text(MANAGE)
    return folder / "manage.py"


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """Return a directory whose python3 is the one that has Django."""
    return fake(tmp_path / "programs", "python3", f'exec {sys.executable} -B "$@"')


@pytest.mark.parametrize("folder", ["static", "public/static"])
def test_they_are_in_the_code_and_what_settings_write_is_not(
    tmp_path: Path, programs: Path, folder: str
) -> None:
    """The volume is empty again."""
    code = tmp_path / "code"
    manage = project(code, f"BASE / '{folder}'")

    ended = run("dependencies/collect_static.sh", code, manage, "/srv/app/data", programs=programs)

    assert ended.returncode == 0, ended.stderr
    assert "1 static file copied" in ended.stdout
    assert (manage.parent / folder / "site.css").read_text() == "p {}"
    assert not (manage.parent / "data" / "log").exists()


def test_those_outside_of_the_code_come_to_their_place_in_the_image(
    tmp_path: Path, programs: Path
) -> None:
    """An image has only what is below the code."""
    code, place = tmp_path / "code", tmp_path / "var" / "static"
    manage = project(code, repr(str(place)))

    ended = run("dependencies/collect_static.sh", code, manage, programs=programs)

    assert ended.returncode == 0, ended.stderr
    assert Path(f"{code}{place}", "site.css").is_file()
    assert not place.exists()


@pytest.mark.parametrize("root", ["BASE / 'data' / 'static'", "BASE / 'data'"])
def test_a_volume_is_no_place_for_them(tmp_path: Path, programs: Path, root: str) -> None:
    """It would keep those of the first release."""
    code = tmp_path / "code"
    manage = project(code, root)

    ended = run("dependencies/collect_static.sh", code, manage, "/srv/app/data", programs=programs)

    assert ended.returncode == 1
    assert "STATIC_ROOT is in the volume /srv/app/data" in ended.stderr
    assert "[tool.towpath.image] static = false" in ended.stderr


def test_a_project_that_cannot_start_ends_the_build(tmp_path: Path, programs: Path) -> None:
    """With Django's own words."""
    manage = project(tmp_path / "code", "missing")

    ended = run("dependencies/collect_static.sh", tmp_path / "code", manage, programs=programs)

    assert ended.returncode != 0
    assert "name 'missing' is not defined" in ended.stderr
