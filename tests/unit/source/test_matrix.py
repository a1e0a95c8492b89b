"""The matrix comes from the classifiers, and whatever else names a Python agrees with them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.fakes import QuietTerminal, TableRunner
from towpath import config
from towpath.config.workspace import Workspace
from towpath.core.errors import ConfigurationError
from towpath.source import matrix as pythons

ROOT = Path(__file__).parents[3]
MARK = "Programming Language :: Python :: "


def project(place: Path, *marks: str, **env: str) -> config.Config:
    """Return a project with these classifiers."""
    (place / "pyproject.toml").write_text(f"[project]\nclassifiers = {json.dumps(marks)}\n")
    return config.parse({}, place, env)


TWO = (f"{MARK}3", f"{MARK}3.12", f"{MARK}3.13", f"{MARK}Implementation :: CPython")
DJANGOS = ("Framework :: Django", "Framework :: Django :: 5.2", "Framework :: Django :: 6.0")


def test_the_classifiers_name_the_matrix(tmp_path: Path) -> None:
    """Only whole versions count."""
    found = project(tmp_path, *TWO, *DJANGOS)

    assert pythons.supported(found) == pythons.selected(found) == ("3.12", "3.13")
    assert pythons.djangos(found) == ("5.2", "6.0")
    assert pythons.cells(found, "3.12") == ("3.12-django-5.2", "3.12-django-6.0")


def test_one_django_is_not_named(tmp_path: Path) -> None:
    """A run of the tests is then called as its Python is."""
    assert pythons.cells(project(tmp_path, *TWO, *DJANGOS[:2]), "3.13") == ("3.13",)
    assert pythons.cells(project(tmp_path, *TWO), "3.13") == ("3.13",)


def test_no_pyproject_is_no_matrix(tmp_path: Path) -> None:
    """Nothing is supported then."""
    assert pythons.supported(config.parse({}, tmp_path, {})) == ()


def _measuring(place: Path, names: list[str], here: tuple[str, ...], **env: str) -> config.Config:
    """Return a project that measures coverage on the named Pythons, on a machine with some."""
    for name in here:
        (place / f"python{name}").write_text("#!/bin/sh\n")
        (place / f"python{name}").chmod(0o755)
    project(place, *TWO)
    settings = {"tests": {"coverage-on": names}}
    return config.parse(settings, place, {"PATH": str(place), "HOME": str(place), **env})


@pytest.mark.parametrize(
    ("names", "here", "env", "expected"),
    [
        ([], ("3.12", "3.13"), {}, ["3.12", "3.13"]),
        (["3.13"], ("3.12", "3.13"), {}, ["3.13"]),
        # None of them is on the machine, or is to be tested there: all measure.
        (["3.13"], ("3.12",), {}, ["3.12", "3.13"]),
        (["3.13"], ("3.12", "3.13"), {"TOWPATH_PYTHONS": "3.12"}, ["3.12", "3.13"]),
    ],
)
def test_coverage_may_be_measured_on_some_pythons(
    tmp_path: Path, names: list[str], here: tuple[str, ...], env: dict[str, str], expected: object
) -> None:
    """But never on none, so that its gate has something to judge on each machine."""
    found = _measuring(tmp_path, names, here, **env)

    assert [name for name in ("3.12", "3.13") if pythons.measured(found, name)] == expected


def test_coverage_on_an_unsupported_python_is_refused(tmp_path: Path) -> None:
    """A typing error would otherwise look like a machine without that Python."""
    found = _measuring(tmp_path, ["3.14"], ())

    with pytest.raises(ConfigurationError, match=r"coverage-on has '3\.14', which the project"):
        pythons.measured(found, "3.12")


def test_a_machine_may_be_made_for_some_pythons(tmp_path: Path) -> None:
    """The others are left out by wish, which is not the same as missing."""
    found = project(tmp_path, *TWO, TOWPATH_PYTHONS=" 3.13,")

    assert pythons.selected(found) == ("3.13",)
    assert pythons.matrix(found, ["3.13"]) == {
        "pythons": ["3.13"],
        "missing": [],
        "deselected": ["3.12"],
    }
    assert pythons.matrix(found, [])["missing"] == ["3.13"]


def test_a_python_that_is_not_supported_cannot_be_chosen(tmp_path: Path) -> None:
    """The nearest one is named."""
    with pytest.raises(ConfigurationError, match=r"'3\.1', which the project") as caught:
        pythons.selected(project(tmp_path, *TWO, TOWPATH_PYTHONS="3.1"))

    assert caught.value.code == 2
    assert "Did you mean '3.1" in caught.value.what


def program(place: Path) -> Path:
    """Make a program that can be found, and return it."""
    place.parent.mkdir(parents=True, exist_ok=True)
    place.touch(mode=0o755)
    return place


def test_pythons_of_pyenv_come_first_and_shims_and_environments_do_not_count(
    tmp_path: Path,
) -> None:
    """The newest of a line is the one; an environment has its Python from elsewhere."""
    for name in ("3.12.1", "3.12.4"):
        program(tmp_path / f"pyenv/versions/{name}/bin/python3.12")
    program(tmp_path / "venv/bin/python3.13")
    (tmp_path / "venv/pyvenv.cfg").touch()
    program(tmp_path / "usr/python3.13")
    program(tmp_path / "usr/python3.12")
    path = f"{tmp_path}/venv/bin:{tmp_path}/usr"
    settings = project(tmp_path, *TWO, PYENV_ROOT=f"{tmp_path}/pyenv", PATH=path)
    runner = TableRunner(
        {"pyenv/versions/3.12.4": "Python 3.12.4\n", "usr/python3.13": "Python 3.13.7\n"}
    )

    found = pythons.installed(Workspace(settings, runner, QuietTerminal()))

    assert found == {"3.12": "Python 3.12.4", "3.13": "Python 3.13.7"}


def test_a_python_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    """Nor is one that does not say its version."""
    program(tmp_path / "usr/python3.13")
    settings = project(tmp_path, *TWO, PATH=f"{tmp_path}/usr")

    found = pythons.installed(Workspace(settings, TableRunner({"-V": ""}), QuietTerminal()))

    assert found == {}


def read(name: str) -> str:
    """Return a file of this project."""
    return (ROOT / name).read_text(encoding="utf-8")


OURS = pythons.supported(config.parse({}, ROOT, {}))
SETTINGS = tomllib.loads(read("pyproject.toml"))


def workflow_pythons(name: str, job: str) -> list[str]:
    """Return the Pythons that a job of a workflow sets up."""
    steps = yaml.safe_load(read(f".github/workflows/{name}"))["jobs"][job]["steps"]
    found = [step["with"]["python-version"] for step in steps if "setup-python" in str(step)]
    return [version for row in found for version in str(row).split()]


def test_the_workflow_sets_up_every_supported_python() -> None:
    """What CI does not set up would be missing there; the other jobs run no project's code."""
    assert workflow_pythons("pipeline.yml", "checks") == list(OURS)
    for job in ("build", "publish", "promote"):
        assert workflow_pythons("pipeline.yml", job) == [OURS[-1]]


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("Dockerfile", re.findall(r"ARG PYTHON=(\S+)", read("Dockerfile"))),
        ("release.yml", workflow_pythons("release.yml", "release")),
    ],
)
def test_what_runs_one_python_runs_a_supported_one(where: str, found: list[str]) -> None:
    """The image and the release workflow."""
    assert found, where
    assert set(found) <= set(OURS), where


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("requires-python", SETTINGS["project"]["requires-python"].removeprefix(">=")),
        ("mypy", SETTINGS["tool"]["mypy"]["python_version"]),
        ("black", re.sub(r"py3(\d+)", r"3.\1", SETTINGS["tool"]["black"]["target-version"][0])),
        ("README.md", re.findall(r"Python (3\.\d+) or newer", read("README.md"))[0]),
        ("dev", re.findall(r"Python (3\.\d+) or newer", read("dev"))[0]),
    ],
)
def test_the_floor_is_the_lowest_supported_python(where: str, found: str) -> None:
    """Tools check against it, and people are told of it."""
    assert found == OURS[0], where


def test_dev_looks_for_every_supported_python() -> None:
    """The newest first."""
    assert re.findall(r"python(3\.\d+)", read("dev")) == list(reversed(OURS))


def test_the_pinned_django_is_of_a_supported_line() -> None:
    """What the product runs on is among what is tested."""
    (pinned,) = re.findall(r"^django==(\d+\.\d+)", read("requirements/production.txt"), re.M)

    assert pinned in pythons.djangos(config.parse({}, ROOT, {}))


@pytest.mark.door
@pytest.mark.parametrize(
    ("line", "chosen", "names"),
    [
        ("", "", [f"tests-{python}" for python in OURS]),
        ("", OURS[-1], [f"tests-{OURS[-1]}"]),
        (
            "5.1",
            OURS[0],
            [f"tests-{OURS[0]}(django-5.1)", f"tests-{OURS[0]}(django-5.2)"],
        ),
    ],
    ids=["as it is", "one python chosen", "a second django"],
)
def test_nox_runs_the_tests_for_the_whole_matrix(
    tmp_path: Path, line: str, chosen: str, names: list[str]
) -> None:
    """A classifier more is a session more, and nothing else has to be written."""
    mark = '    "Framework :: Django :: 5.2",\n'
    text = read("pyproject.toml")
    assert mark in text
    planted = f"{mark.replace('5.2', line)}{mark}" if line else mark
    (tmp_path / "pyproject.toml").write_text(text.replace(mark, planted))
    shutil.copy(ROOT / "noxfile.py", tmp_path)

    listed = subprocess.run(
        [sys.executable, "-m", "nox", "--list", "--json"],
        cwd=tmp_path,
        env={
            **{"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "TOWPATH_PYTHONS": chosen},
            "PYTHONPATH": str(ROOT),
        },
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    found = [row["session"] for row in json.loads(listed)]
    assert [name for name in found if name.startswith("tests")] == names


RUNNING = sys.version_info[1]
FROM_11 = ",".join(f"3.{minor}" for minor in range(11, RUNNING + 1))
FORMS = [
    ("", f"3.{RUNNING}"),
    ("[project]\n", f"3.{RUNNING}"),
    ('[project]\nclassifiers = ["Programming Language :: Python :: 3"]\n', f"3.{RUNNING}"),
    ('[project]\nrequires-python = ">=3.11"\n', FROM_11),
    ('[project]\nrequires-python = ">=3.11.4,<4"\n', FROM_11),
    ('[project]\nrequires-python = "~=3.11"\n', FROM_11),
    ('[project]\nrequires-python = ">=3.90"\n', f"3.{RUNNING}"),
    ('[project]\nrequires-python = "what"\n', f"3.{RUNNING}"),
    (
        '[project]\nrequires-python = ">=3.8"\n'
        'classifiers = ["Programming Language :: Python :: 3.13",'
        ' "Programming Language :: Python :: 3.12"]\n',
        "3.12,3.13",
    ),
]


@pytest.mark.door
@pytest.mark.parametrize(("text", "names"), FORMS)
def test_a_project_without_classifiers_has_a_matrix_too(
    tmp_path: Path, text: str, names: str
) -> None:
    """From requires-python, else the running one: in noxfile.py and here."""
    shutil.copy(ROOT / "noxfile.py", tmp_path)
    (tmp_path / "pyproject.toml").write_text(text)
    nothing = {name: value for name, value in os.environ.items() if name != "HOME"}

    ended = subprocess.run(
        [sys.executable, "-m", "nox", "--list", "--json"],
        cwd=tmp_path,
        env=nothing | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr
    rows = json.loads(ended.stdout)
    assert {row["python"] for row in rows if row["name"] == "tests"} == set(names.split(","))
    found = pythons.supported(config.parse({}, tmp_path, {}))
    assert set(found) == set(names.split(","))


def test_a_machine_names_the_pythons_of_a_project_without_classifiers(tmp_path: Path) -> None:
    """Nothing in the project contradicts it."""
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    found = config.parse({}, tmp_path, {"TOWPATH_PYTHONS": "3.12, 3.13"})

    assert pythons.supported(found) == pythons.selected(found) == ("3.12", "3.13")


@pytest.mark.door
def test_variables_that_a_project_passes_on_reach_its_sessions(tmp_path: Path) -> None:
    """What `[tool.towpath.variables]` names stays; what it does not name is taken out."""
    (tmp_path / "pyproject.toml").write_text('[tool.towpath.variables]\ntests = ["SHOP_*"]\n')
    shutil.copy(ROOT / "noxfile.py", tmp_path)
    code = "import noxfile, os; print(os.environ.get('SHOP_URL'), os.environ.get('CAFE_URL'))"

    said = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={
            **{"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)},
            **{"SHOP_URL": "a", "CAFE_URL": "b"},
        },
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert said.split() == ["a", "None"]
