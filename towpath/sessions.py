"""The Nox sessions of a project: each check in its own environment, the tests on every Python.

A project's noxfile.py has one line: `from towpath.sessions import *`. The sessions are those of the
directory that Nox runs in.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nox
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from towpath.checks import project_env
from towpath.checks import project_env_commands as commands
from towpath.checks import tool_versions
from towpath.checks.lint import linters_commands as linters
from towpath.config.checking import STANDARD
from towpath.core import environment
from towpath.core.pins import packaged

__all__ = ["coverage", "integration", "lint", "performance", "security", "tests"]

ROOT = Path.cwd()
PINS = ROOT / "requirements"
# Which pins of the package a session has in a project that has none of its own.
PACKAGED = {"test": "pytest"}


def load_document(name: str) -> dict[str, Any]:
    """Return a TOML file of the project, empty if it is missing or invalid."""
    try:
        return nox.project.load_toml(name)
    except (OSError, ValueError):
        return {}


PYPROJECT = load_document("pyproject.toml")
PROJECT = PYPROJECT.get("project", {})
OWN = load_document("towpath.toml") or PYPROJECT.get("tool", {}).get("towpath", {})
CLASSIFIERS = PROJECT.get("classifiers", [])


def find_supported() -> list[str]:
    """Return the Pythons of the classifiers, as `towpath.source.matrix` does.

    Without classifiers, those of TOWPATH_PYTHONS, or all that requires-python allows up to the
    running one, or the running one.
    """
    named = re.findall(
        r"^Programming Language :: Python :: 3\.(\d+)$", "\n".join(CLASSIFIERS), re.M
    )
    if named:
        return [f"3.{minor}" for minor in sorted(map(int, named))]
    chosen = os.environ.get("TOWPATH_PYTHONS") or ",".join(find_allowed())
    return chosen.replace(" ", "").split(",")


def find_allowed() -> list[str]:
    """Return the Pythons that requires-python allows up to the running one, else the running one.

    None is newer than the running one, unless all are.
    """
    running = sys.version_info[1]
    try:
        allowed = SpecifierSet(PROJECT.get("requires-python", "==3.99"))
    except InvalidSpecifier:
        allowed = SpecifierSet("==3.99")
    known = [minor for minor in range(8, 30) if allowed.contains(f"3.{minor}.99")]
    first = [minor for minor in known if minor <= running] or known[:1] or [running]
    return [f"3.{minor}" for minor in first]


SUPPORTED = find_supported()
# Restricts the Pythons on this machine, for example TOWPATH_PYTHONS=3.12,3.13.
CHOSEN = os.environ.get("TOWPATH_PYTHONS") or ",".join(SUPPORTED)
PYTHONS = [python for python in SUPPORTED if python in CHOSEN.replace(" ", "").split(",")]
RUNNING = f"3.{sys.version_info[1]}"
# The Python of the project's code outside of the matrix: the one that runs, if it may.
ONE = None if RUNNING in PYTHONS or not PYTHONS else PYTHONS[-1]
DJANGO = "Framework :: Django :: "
MARKS = [mark.removeprefix(DJANGO) for mark in CLASSIFIERS if DJANGO in mark]
DJANGOS = [nox.param(line, id=f"django-{line}") for line in MARKS if "." in line]
BEGUN: set[str] = set()

# The default sessions; security queries the network, and runs in every pipeline.
# The tests of the engine are the pipeline's own, take long, and are run by name.
nox.options.sessions = ["lint", "tests", "integration", "coverage"]
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_venv = "yes"
# The image for checks in containers has its environments in another directory.
nox.options.envdir = os.environ.get("TOWPATH_ENVIRONMENTS", "").strip() or ".nox"
# A missing Python is recorded in the evidence; none is downloaded.
nox.options.error_on_missing_interpreters = False


def clean_environment() -> None:
    """Remove variables of the caller that sessions do not need, so that they change no verdict."""
    passed = OWN.get("variables", {}).values()
    for name in environment.removed_variables(os.environ):
        sys.stderr.write(f"Ignoring the variable {name}: it is not passed to the tools.\n")
    kept = environment.of_sessions(os.environ, [name for names in passed for name in names])
    os.environ.clear()
    os.environ.update(kept)


clean_environment()
os.environ["UV_PYTHON_DOWNLOADS"] = "never"
# Trust the machine's certificate authorities, for example that of a company's proxy.
os.environ.setdefault("UV_SYSTEM_CERTS", "true")


def prepend_pyenv() -> None:
    """Add the Pythons of pyenv to PATH, since its shims run the selected version only."""
    root = Path(os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv"))
    found = [root.glob(f"versions/{python}.*/bin") for python in SUPPORTED]
    paths = [str(path) for places in found for path in sorted(places)[-1:]]
    os.environ["PATH"] = os.pathsep.join([*paths, os.environ["PATH"]])


prepend_pyenv()


def install(session: nox.Session, pins: str, *over: str) -> None:
    """Install pinned tools alone, unless the environment already has them.

    They are the project's own, else those of the package. `over` are requirements that replace
    pins, upgraded to the newest matching version.
    """
    file = PINS / f"{pins}.txt"
    if not file.is_file():
        file = packaged(PACKAGED.get(pins, pins))
    stamp = Path(session.virtualenv.location, project_env.STAMP)
    wanted = hashlib.sha256(file.read_bytes()).hexdigest()
    if not stamp.is_file() or stamp.read_text() != wanted:
        session.install("--require-hashes", "-r", str(file))
        stamp.write_text(wanted)
    if over:
        session.install("--upgrade", *over)
    share_package(session)


def provide(session: nox.Session, check: str, *over: str) -> None:
    """Install what a check of the project's code needs: its dependencies, then our tools."""
    if check == "lint":
        named = commands.texts(OWN, "lint", "linters", STANDARD)
        tools, pins = linters.packages(named, _root_files()), "linters"
    elif check == "performance":
        tools, pins = list(commands.PERFORMANCE_TOOLS), "pytest"
    else:
        tools, pins = list(commands.test_tools(OWN)), "pytest"
    wanted = commands.dependencies(OWN, check)
    project_env.provide(session, ROOT, wanted, tools, packaged(pins), over)
    share_package(session)


def _root_files() -> list[str]:
    """Return the files by which it is known whether a project uses certain linters."""
    found = [*ROOT.iterdir(), *PINS.glob("*.in")]
    return [file.relative_to(ROOT).as_posix() for file in found if file.is_file()]


def share_package(session: nox.Session) -> None:
    """Let the session import the Towpath that runs, and nothing else of its environment."""
    package = Path(environment.__file__).parents[1]
    if package.parent == ROOT:
        return  # Python imports it from the directory.
    folder = Path(session.virtualenv.location, "towpath-package")
    folder.mkdir(exist_ok=True)
    (folder / "towpath").unlink(missing_ok=True)
    (folder / "towpath").symlink_to(package)
    site = tool_versions.site_packages(project_env.python_of(session))
    Path(site, "towpath.pth").write_text(f"{folder}\n")


def towpath(session: nox.Session, *arguments: str) -> None:
    """Run `python -m towpath` beside the session; after Ctrl-C it can stop its processes.

    It runs in the environment of Nox, so that its own dependencies never meet the project's.
    """
    command = (sys.executable, "-m", "towpath", *arguments)
    env = project_env.variables(session)
    session.run(*command, external=True, env=env, interrupt_timeout=30, terminate_timeout=15)


def check(session: nox.Session, name: str) -> None:
    """Run a check with the arguments after --; it is skipped if its evidence is still valid."""
    towpath(session, "check", name, "--", *session.posargs)


def begin_tests_once(session: nox.Session) -> None:
    """Delete the results of earlier runs, once for all Pythons."""
    if not BEGUN:
        towpath(session, "begin", "tests", "--", *session.posargs)
        BEGUN.add("tests")


def for_each_django(tests: Callable[..., None]) -> Callable[..., None]:
    """Run the tests for each Django series, if the classifiers name several."""
    return nox.parametrize("django", DJANGOS)(tests) if DJANGOS[1:] else tests


@nox.session(python=ONE)
def lint(session: nox.Session) -> None:
    """Check style, types, weaknesses and complexity."""
    provide(session, "lint")
    check(session, "lint")


@nox.session(python=PYTHONS)
@for_each_django
def tests(session: nox.Session, django: str = "") -> None:
    """Run the tests on every installed supported Python; arguments after -- go to pytest."""
    if f"{session.python} django-{django}" in commands.texts(OWN, "tests", "exclude"):
        session.skip("[tool.towpath.tests] excludes this pair of Python and Django.")
    provide(session, "tests", *([f"django=={django}.*"] if django else []))
    if not set(session.posargs) - {"--fresh"}:
        session.notify("coverage")
        begin_tests_once(session)
    check(session, "tests")


@nox.session(python=ONE)
def integration(session: nox.Session) -> None:
    """Run the tests against real services; arguments after -- go to pytest."""
    # A project that says that it has none needs nothing installed to record that.
    if OWN.get("integration", {}).get("paths") != [] or set(session.posargs) - {"--fresh"}:
        provide(session, "integration")
    check(session, "integration")


@nox.session
def performance(session: nox.Session) -> None:
    """Compare the app's performance with the baseline; `-- --renew` updates the baseline."""
    if (PINS / "performance.txt").is_file():
        install(session, "performance")
    else:
        provide(session, "performance")
    check(session, "performance")


@nox.session
def security(session: nox.Session) -> None:
    """Check the code with bandit, files for secrets, and dependencies for advisories."""
    install(session, "security")
    check(session, "security")


@nox.session(python=ONE)
def coverage(session: nox.Session) -> None:
    """Combine the coverage of the tests, and judge the results."""
    provide(session, "tests")
    check(session, "coverage")
