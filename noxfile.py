"""The Nox sessions: those of any project, from `towpath.sessions`, and this repository's own."""

from __future__ import annotations

import sys
from pathlib import Path

import nox

ROOT = Path(__file__).parent
# For a checkout without an installed towpath package.
sys.path.append(str(ROOT))

from towpath.sessions import *  # noqa: E402, F401, F403
from towpath.sessions import PINS, SUPPORTED, install  # noqa: E402

# In this order, since later files include the pins of earlier ones.
COMPILED = (
    "ci",
    "production",
    "lint",
    "test",
    "linters",
    "pytest",
    "package",
    "performance",
    "fuzz",
    "browser",
    "mutation",
    "docs",
    "security",
    "uv",
    "safety",
    "pip-audit",
    "syft",
    "poetry",
    "pdm",
    "pipenv",
)


@nox.session(default=False)
def engine(session: nox.Session) -> None:
    """Run the pipeline's own tests on a Docker engine; arguments after -- go to pytest."""
    install(session, "test")
    command = ("python", "-m", "tests.engine", *session.posargs)
    session.run(*command, interrupt_timeout=30, terminate_timeout=15)


@nox.session(default=False)
def e2e(session: nox.Session) -> None:
    """Run the documented commands end to end, in separate checkouts, on a real engine."""
    install(session, "test")
    session.run("python", "-m", "pytest", *(session.posargs or ["tests/e2e"]))


@nox.session(default=False)
def browser(session: nox.Session) -> None:
    """Open the report and the dashboard in Chromium; arguments after -- go to pytest."""
    install(session, "browser")
    session.run("python", "-m", "tests.browser", *session.posargs)


@nox.session(default=False)
def pictures(session: nox.Session) -> None:
    """Make the pictures of README.md anew, from the real pages in Chromium."""
    install(session, "browser")
    session.run("python", "-m", "tools.pictures", *session.posargs)


@nox.session(default=False)
def benchmarks(session: nox.Session) -> None:
    """Run a benchmark against other tools: `-- tests`, or another module of benchmarks/."""
    install(session, "test")
    session.run(
        "python", "-m", ".".join(["benchmarks", *session.posargs[:1]]), *session.posargs[1:]
    )


@nox.session(default=False)
def fuzz(session: nox.Session) -> None:
    """Fuzz every reader of external input, for a minute or `--seconds=N`."""
    install(session, "fuzz")
    session.run("python", "-m", "tests.fuzz", *session.posargs)


@nox.session(default=False)
def mutation(session: nox.Session) -> None:
    """Run mutation tests on the modules that judge, and count the detected mutants."""
    install(session, "mutation")
    session.run("python", "-m", "benchmarks.mutation", *session.posargs)


@nox.session(default=False)
def docs(session: nox.Session) -> None:
    """Write the reference anew from the code, and build the documentation site in build/docs."""
    install(session, "docs")
    session.run("python", "-m", "tools.reference")
    session.run("python", "-m", "tools.site", "collect")
    # The theme's end of life is no warning about a page: ARCHITECTURE.md has the date.
    session.run("mkdocs", "build", "--strict", "--clean", env={"NO_MKDOCS_2_WARNING": "1"})
    session.run("python", "-m", "tools.site", "check")


@nox.session(default=False, venv_backend="none")
def requirements(session: nox.Session) -> None:
    """Compile requirements/*.in; arguments go to uv, for example --upgrade."""
    command = f"./dev nox -s {session.name}"
    session.chdir(PINS)
    for name in COMPILED:
        session.run(
            *("uv", "pip", "compile", "--quiet", "--universal", "--generate-hashes"),
            *("--python-version", SUPPORTED[0], "--custom-compile-command", command),
            *(*session.posargs, f"{name}.in", "-o", f"{name}.txt"),
        )


@nox.session(default=False)
def package(session: nox.Session) -> None:
    """Build the package, check it, install it into an empty environment, and run it there."""
    install(session, "package")
    session.run("python", "-m", "tools.package", *session.posargs)
