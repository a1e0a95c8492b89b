"""`init` and `doctor`: what they write, and that they replace nothing."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from pathlib import Path

import pytest

import towpath
from tests.unit.adoption.projects import PRODUCTION, SETTINGS, celery, simple, write
from towpath.__main__ import main
from towpath.adoption import doctor
from towpath.adoption.writing import SCRIPT_MODE
from towpath.config import load
from towpath.rendering import compiled

WRITTEN = {".gitignore", "dev", "noxfile.py", "tasks.py"}


@pytest.fixture(autouse=True)
def version(monkeypatch: pytest.MonkeyPatch) -> None:
    """A version that no release changes."""
    monkeypatch.setattr(towpath, "__version__", "1.2.3")


def files(root: Path) -> dict[str, bytes]:
    """Return every file of a directory."""
    return {
        file.relative_to(root).as_posix(): file.read_bytes()
        for file in root.rglob("*")
        if file.is_file()
    }


def test_a_new_project_gets_five_short_files(tmp_path: Path) -> None:
    """And its settings are those that were found; all others are defaults."""
    before = files(simple(tmp_path))

    assert main(["init", str(tmp_path)]) == 0

    after = files(tmp_path)
    assert after.keys() - before.keys() == WRITTEN | {"towpath.toml"}
    assert {name: after[name] for name in before} == before
    assert tomllib.loads(after["towpath.toml"].decode()) == {
        "version": "==1.2.3",
        "name": tmp_path.name[:30].strip("-_"),
        "repository": tmp_path.name[:30].strip("-_"),
        "django": {"settings": "shop.settings"},
        "image": {"static": False},
        "processes": {
            "web": "gunicorn shop.wsgi:application --bind=0.0.0.0:8000 --workers=2"
            " --threads=4 --access-logfile=-"
        },
        "services": {"database": {"kind": "sqlite", "file": "db.sqlite3"}},
        "lint": {"linters": []},
        "tests": {"runner": "django", "requirements": ["requirements.txt"], "parallel": False},
        "integration": {"paths": [], "required": False},
        "gates": {"baseline": "towpath-baseline.json"},
        "environments": {"testing": {}, "staging": {"port": 8081}},
    }
    assert after["noxfile.py"] == b"from towpath.sessions import *  # noqa: F401, F403\n"
    assert after["tasks.py"].count(b"\n") == 3
    assert after[".gitignore"] == b"/.towpath/\n/.nox/\n/reports/\n__pycache__/\n*.sqlite3\n"
    assert (tmp_path / "dev").stat().st_mode & 0o777 == SCRIPT_MODE
    assert load(tmp_path, {}).django.settings == "shop.settings"


def test_a_dockerfile_is_used_only_where_a_person_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Else the line that would use it is shown; one that is not there is refused."""
    own = {"docker/Dockerfile": 'FROM python:3.13\nCMD ["gunicorn", "shop.wsgi"]\n'}
    write(simple(tmp_path), own)
    assert main(["init", "--yes", "--check", "--dockerfile=Dockerfile", str(tmp_path)]) == 2
    assert "why: Found: docker/Dockerfile." in capsys.readouterr().err

    assert main(["init", "--yes", str(tmp_path)]) == 0
    said = capsys.readouterr().err
    assert "To build with yours, add to [image]:\n  dockerfile = " in said
    assert "python -m towpath lock" in said
    assert not load(tmp_path, {}).image.dockerfile

    (tmp_path / "towpath.toml").unlink()
    assert main(["init", "--yes", "--dockerfile=docker/Dockerfile", str(tmp_path)]) == 0
    found = load(tmp_path, {})
    assert found.image.dockerfile == "docker/Dockerfile"
    said = capsys.readouterr().err
    assert "To build with yours" not in said and "towpath lock" not in said


def test_a_second_run_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It says so, and `--check` ends with 0 where it ended with 4."""
    celery(tmp_path)
    assert main(["init", str(tmp_path), "--check"]) == 4
    assert main(["init", str(tmp_path)]) == 0
    after = files(tmp_path)
    capsys.readouterr()

    assert main(["init", str(tmp_path)]) == 0

    assert files(tmp_path) == after
    assert "Nothing to do" in capsys.readouterr().err
    assert main(["init", str(tmp_path), "--check"]) == 0


def test_check_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It names the files that are missing."""
    before = files(simple(tmp_path))

    assert main(["init", str(tmp_path), "--check"]) == 4

    assert files(tmp_path) == before
    assert "towpath.toml, dev, tasks.py, noxfile.py, .gitignore" in capsys.readouterr().err


def test_settings_are_added_at_the_end_of_pyproject(tmp_path: Path) -> None:
    """With the line endings that it has; what stands there stays as it is."""
    celery(tmp_path)
    before = (tmp_path / "pyproject.toml").read_text().replace("\n", "\r\n").encode()
    (tmp_path / "pyproject.toml").write_bytes(before)

    assert main(["init", str(tmp_path)]) == 0

    after = (tmp_path / "pyproject.toml").read_bytes()
    assert after.startswith(before)
    assert b"\n" not in after.replace(b"\r\n", b"")
    assert tomllib.loads(after.decode())["tool"]["towpath"] == {
        "version": "==1.2.3",
        "name": "the-shop",
        "repository": "the-shop",
        "django": {"settings": "config.settings.production"},
        # The Procfile starts a server that no dependency has.
        "image": {
            "build-packages": ["libpq-dev"],
            "run-packages": ["libpq5"],
            "extra": ["gunicorn"],
        },
        "processes": {
            "web": "gunicorn config.wsgi",
            "worker": "celery -A config worker",
        },
        "services": {"database": "postgres:17", "redis": "redis:8.0"},
        "env": {
            "DATABASE_URL": "{database.url}",
            "REDIS_URL": "{redis.url}",
            "SHOP_HOSTS": "{hosts}",
            "SHOP_KEY": "{secret.secret_key}",
            "STRIPE_TOKEN": "{secret.stripe_token}",
        },
        "lint": {"linters": ["ruff"]},
        "tests": {
            "requirements": ["uv.lock"],
            "settings": "config.settings.local",
            "parallel": False,
            "env": {
                "DATABASE_URL": "sqlite://:memory:",
                "SHOP_KEY": "{random}",
                "STRIPE_TOKEN": "{random}",
            },
        },
        "integration": {"paths": [], "required": False},
        "gates": {"baseline": "towpath-baseline.json"},
        "environments": {"testing": {}, "staging": {"port": 8081}},
    }


@pytest.mark.parametrize("text", ["[project\n", 'tool = {x = 1}\n[project]\nname = "a"\n'])
def test_a_pyproject_that_cannot_be_extended_is_left_alone(tmp_path: Path, text: str) -> None:
    """Then the settings are in towpath.toml, and are read from there."""
    simple(tmp_path)
    (tmp_path / "pyproject.toml").write_text(text)

    assert main(["init", str(tmp_path)]) == 0

    assert (tmp_path / "pyproject.toml").read_text() == text
    assert load(tmp_path, {}).django.settings == "shop.settings"
    assert main(["init", str(tmp_path), "--check"]) == 0


def test_files_that_exist_are_shown_instead_of_changed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The lines are printed; an ignore file gets those that it lacks."""
    simple(tmp_path)
    own = {"tasks.py": "x = 1\n", "noxfile.py": "y = 1\n", "dev": "#!/bin/sh\n"}
    write(tmp_path, own | {".gitignore": ".nox\n*.pyc", "reports/models.py": ""})

    assert main(["init", str(tmp_path)]) == 0

    assert {name: (tmp_path / name).read_text() for name in own} == own
    assert (tmp_path / ".gitignore").read_text() == ".nox\n*.pyc\n/.towpath/\n*.sqlite3\n"
    assert "./towpath.sh invoke pipeline" in (tmp_path / "towpath.sh").read_text()
    shown = capsys.readouterr().out
    assert "add by hand: tasks.py (tasks.py exists already)" in shown
    assert "    namespace = collection()" in shown
    assert "add by hand: noxfile.py (noxfile.py exists already)" in shown


def test_a_package_of_the_same_name_hides_a_new_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Python would import tasks/ in place of tasks.py."""
    write(simple(tmp_path), {"tasks/__init__.py": ""})

    assert main(["init", str(tmp_path)]) == 0

    assert not (tmp_path / "tasks.py").exists()
    assert "Python imports the directory tasks/ instead" in capsys.readouterr().out


def test_a_question_without_a_person_ends_with_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It names the candidates and the option that decides; --yes takes the first."""
    for name in ("one", "two"):
        simple(tmp_path / name)

    assert main(["init", str(tmp_path)]) == 2
    shown = capsys.readouterr().err
    assert "There are 2 candidates for manage: one/manage.py, two/manage.py." in shown
    assert "--manage=one/manage.py" in shown
    assert main(["init", str(tmp_path), "--yes"]) == 0
    assert load(tmp_path, {}).django.manage == "one/manage.py"


def test_a_directory_without_django_ends_with_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is written into it."""
    assert main(["init", str(tmp_path)]) == 2
    assert "There is no manage.py of a Django project" in capsys.readouterr().err
    assert files(tmp_path) == {}
    assert main(["init", str(tmp_path / "nowhere")]) == 2
    assert "is not a directory" in capsys.readouterr().err


def test_json_has_what_was_found_and_what_changes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the line of each fact."""
    simple(tmp_path)

    assert main(["init", str(tmp_path), "--json", "--check"]) == 4

    document = json.loads(capsys.readouterr().out)
    assert {
        "topic": "manage",
        "value": "manage.py",
        "file": "manage.py",
        "line": 6,
        "why": "calls execute_from_command_line",
    } in document["found"]
    assert [row["file"] for row in document["changes"]] == [
        *("towpath.toml", "dev", "tasks.py", "noxfile.py", ".gitignore")
    ]
    assert (document["questions"], document["problems"]) == ([], [])


@pytest.mark.parametrize("system", ["github", "gitlab"])
def test_a_workflow_is_written_on_request(tmp_path: Path, system: str) -> None:
    """It has no placeholder left, and a second run changes nothing."""
    simple(tmp_path)
    file = {"github": ".github/workflows/towpath.yml", "gitlab": ".gitlab-ci.yml"}[system]

    assert main(["init", str(tmp_path), f"--workflow={system}"]) == 0

    text = (tmp_path / file).read_text()
    assert "./dev invoke pipeline" in text
    assert not re.search(r"(?<!actions/checkout)@[a-z]+@", text)
    assert main(["init", str(tmp_path), f"--workflow={system}", "--check"]) == 0


def test_the_workflow_of_a_directory_belongs_to_the_root_of_the_repository(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is shown, with the directory in which its commands run."""
    write(tmp_path, {".git/HEAD": "ref: refs/heads/master\n"})
    simple(tmp_path / "backend")

    assert main(["init", str(tmp_path / "backend"), "--workflow=github"]) == 0

    shown = capsys.readouterr().out
    assert "working-directory: backend" in shown
    assert "path: backend/reports/" in shown
    assert not (tmp_path / "backend/.github").exists()
    assert load(tmp_path / "backend", {}).branches == {"master": "test", "*": "scan"}


def test_the_script_takes_pythons_that_the_project_allows(tmp_path: Path) -> None:
    """Of those that Towpath runs on, the newest first; all of them if there is none."""
    celery(tmp_path / "new")
    write(simple(tmp_path / "old"), {"setup.cfg": "[options]\npython_requires = <3.9\n"})

    for name in ("new", "old"):
        assert main(["init", str(tmp_path / name)]) == 0

    assert '"3.14 3.13 3.12".split()' in (tmp_path / "new/dev").read_text()
    assert '"3.14 3.13 3.12 3.11".split()' in (tmp_path / "old/dev").read_text()


def test_the_doctor_names_the_lines_to_add(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """After init: values that no file of the project has."""
    celery(tmp_path)
    settings = PRODUCTION + 'SITE = env("SHOP_SITE")\n'
    files_ = {".git/HEAD": "ref: refs/heads/main\n", "config/settings/production.py": settings}
    write(tmp_path, files_)
    assert main(["init", str(tmp_path)]) == 0
    capsys.readouterr()

    assert main(["doctor", str(tmp_path)]) == 2

    shown = capsys.readouterr()
    assert "missing  variables     Values for: SHOP_SITE" in shown.out
    assert 'SHOP_SITE = ""' in shown.out
    assert "The doctor found 1 thing to add or change." in shown.err
    with (tmp_path / "pyproject.toml").open("a") as stream:
        stream.write('\n[tool.towpath.variables]\nlint = ["X"]\n')
    text = (tmp_path / "pyproject.toml").read_text()
    line = "[tool.towpath.env]\n"
    (tmp_path / "pyproject.toml").write_text(text.replace(line, f'{line}SHOP_SITE = "a"\n'))
    assert main(["doctor", str(tmp_path)]) == 0


def test_the_doctor_reports_settings_that_are_not_valid(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same sentence as every other command, and a manage.py that is not there."""
    write(simple(tmp_path), {"towpath.toml": "nme = 1\n", ".git/HEAD": ""})

    assert main(["doctor", str(tmp_path), "--json"]) == 2

    rows = json.loads(capsys.readouterr().out)
    (wrong,) = [row for row in rows if row["status"] == "wrong"]
    assert wrong["text"].startswith("Unknown key nme in towpath.toml. Did you mean 'name'?")
    (tmp_path / "towpath.toml").write_text(
        'version = "==1.2.3"\n[django]\nmanage = "x/manage.py"\n'
    )
    assert main(["doctor", str(tmp_path), "--json"]) == 2
    rows = json.loads(capsys.readouterr().out)
    (wrong,) = [row for row in rows if row["status"] == "wrong"]
    assert (wrong["text"], wrong["line"]) == (
        "django.manage is 'x/manage.py': no such file",
        'manage = "manage.py"',
    )


@pytest.mark.door
def test_django_is_started_without_network(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What it says of itself is shown; without its Python a sentence says what is missing."""
    settings = simple(tmp_path) / "shop/settings.py"
    valid = SETTINGS.replace("admin", "staticfiles") + "SECRET_KEY = 'x'\n"
    settings.write_text(valid)
    command = ["init", str(tmp_path), "--start"]

    assert main([*command, f"--python={sys.executable}"]) == 0
    assert "starts: django.db.backends.sqlite3" in capsys.readouterr().out
    assert main(command) == 0
    assert "No environment of the project was found" in capsys.readouterr().out
    for line, words in (
        ("import nothing_of_this_name", "No module named 'nothing_of_this_name'"),
        ("import socket; socket.create_connection(('127.0.0.1', 9))", "no network while settings"),
    ):
        settings.write_text(f"{line}\n{valid}")
        assert main([*command, f"--python={sys.executable}"]) == 0
        assert words in capsys.readouterr().out


def test_the_doctor_asks_for_a_lock_file_where_there_is_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the command that writes it; with the file there is nothing to say."""
    assert (doctor.COMPILED, doctor.LOCK) == (compiled.COMPILED, compiled.AGAIN)
    simple(tmp_path)
    assert main(["init", str(tmp_path)]) == 0
    main(["doctor", str(tmp_path)])
    assert "./dev python -m towpath lock" in capsys.readouterr().out

    (tmp_path / "requirements-lock.txt").write_text("")
    main(["doctor", str(tmp_path)])
    assert "dependencies" not in capsys.readouterr().out
