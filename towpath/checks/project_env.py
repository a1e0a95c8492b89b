"""The environment of a Nox session that runs the project's code: its dependencies and our tools.

Towpath itself stays outside: it runs in its own environment, and starts the tools in this one.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import nox
from nox.command import CommandFailed

from towpath.checks import project_env_commands as commands
from towpath.checks import tool_versions
from towpath.checks.project_env_commands import Dependencies
from towpath.core.pins import find
from towpath.source import lock_files_commands as locks
from towpath.source import requirements_reader, tool_env
from towpath.source.requirement_files import with_included

STAMP = "towpath.stamp"


def provide(
    session: nox.Session,
    root: Path,
    dependencies: Dependencies,
    tools: Sequence[str],
    pins: Path,
    over: Sequence[str] = (),
) -> None:
    """Install a project's dependencies, then the tools that it does not bring itself.

    `pins` has our versions of the tools, `over` requirements that replace the project's, upgraded
    to the newest matching version. Nothing is done where the environment already has all of it.
    """
    for file in dependencies.files:
        if not (root / file).is_file():
            session.error(f"There is no {file}, which requirements in [tool.towpath] names.")
    stamp = Path(session.virtualenv.location, STAMP)
    key = _key(root, dependencies, tools, pins)
    if not stamp.is_file() or stamp.read_text() != key:
        stamp.unlink(missing_ok=True)
        _install_project(session, root, dependencies)
        _install_tools(session, tools, pins)
        stamp.write_text(key)
    if over:
        session.install("--upgrade", *over)


def _installed(session: nox.Session) -> dict[str, str]:
    """Return the names and versions of what is installed in a session's environment."""
    found = tool_versions.installed(python_of(session))
    return {commands.normal(name): version for name, version in found.items() if version}


def python_of(session: nox.Session) -> str:
    """Return the Python of a session's environment."""
    return str(Path(session.bin, "python"))


def _key(root: Path, dependencies: Dependencies, tools: Iterable[str], pins: Path) -> str:
    """Return a hash of everything that the environment is made of."""
    files = with_included(root, dependencies.files)
    if dependencies.package:
        files.append(commands.PYPROJECT)
    texts = [(file, _hash(root / file)) for file in dict.fromkeys(files)]
    parts: list[Any] = [
        texts,
        dependencies.groups,
        dependencies.extras,
        dependencies.package,
        list(tools),
    ]
    return hashlib.sha256(json.dumps([*parts, _hash(pins)]).encode()).hexdigest()


def _hash(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else ""


def _install(session: nox.Session, packages: Sequence[str], arguments: Sequence[str]) -> None:
    """Install for the project; a dependency that cannot be built is named with what it lacks.

    `packages` are Debian's, by which the project says that its image is built.
    """
    file = _written(session, "install.log")
    try:
        with file.open("w", encoding="utf-8") as log:
            session.install(*arguments, silent=False, stdout=log)
    except CommandFailed:
        said = file.read_text(encoding="utf-8", errors="replace")
        problem = commands.build_problem(said, packages)
        if not problem:
            session.log(said.rstrip())
            raise
        session.error(f"{problem} The output of uv is in {file}.")


def _install_project(session: nox.Session, root: Path, dependencies: Dependencies) -> None:
    ready = [_exported(session, root, file, dependencies) for file in dependencies.files]
    if ready:
        texts = [(root / file).read_text("utf-8", "replace") for file in ready]
        strict = ["--require-hashes"] if all(map(requirements_reader.is_hashed, texts)) else []
        arguments = [*strict, *commands.install(ready, dependencies)]
        _install(session, dependencies.system, arguments)
    if dependencies.package:
        # Its dependencies come from the files, if there are any.
        arguments = [*(["--no-deps"] if ready else []), "-e", commands.package(dependencies)]
        _install(session, dependencies.system, arguments)


def _exported(session: nox.Session, root: Path, file: str, dependencies: Dependencies) -> str:
    """Return a file as uv can install it: itself, or what the tool that wrote it exports."""
    tool = locks.tool_of(file)
    programs = {"python": sys.executable}
    if tool not in ("", locks.UV):
        programs[tool] = str(_exporter(session, root, tool))
    target = _written(session, f"{Path(file).name}.txt")
    wanted = locks.Selection(dependencies.groups, dependencies.extras)
    argv = locks.export(programs, file, wanted, str(target))
    if not argv:
        return file
    env = {"PIPENV_PIPFILE": str(root / Path(file).with_name("Pipfile"))}
    said = session.run_install(*argv, external=True, silent=True, env=env)
    if not target.is_file():
        target.write_text(str(said or ""))
    return str(target)


def _written(session: nox.Session, name: str) -> Path:
    """Return where a file for the installation is written; one of an earlier run is gone.

    Not below `session.create_tmp`, which becomes the TMPDIR of all that the session runs: the
    project's tests would write into its repository.
    """
    folder = Path(session.virtualenv.location, "towpath-install").resolve()
    folder.mkdir(exist_ok=True)
    (folder / name).unlink(missing_ok=True)
    return folder / name


def _exporter(session: nox.Session, root: Path, tool: str) -> Path:
    """Return the program that exports a lock file, from an environment of its own with pins."""
    home = Path(session.virtualenv.location).parent / tool
    pins = find(root, tool)
    stamp = home / STAMP
    wanted = tool_env.stamp_of(pins)
    if not stamp.is_file() or stamp.read_text() != wanted:
        uv = (sys.executable, "-m", "uv")
        venv = ("venv", "--quiet", "--clear", "--python", sys.executable, str(home))
        session.run_install(*uv, *venv, external=True)
        fixed = ("pip", "install", "--quiet", "--require-hashes", "--python", str(home))
        session.run_install(*uv, *fixed, "-r", str(pins), external=True)
        stamp.write_text(wanted)
    return home / "bin" / tool


def _install_tools(session: nox.Session, tools: Sequence[str], pins: Path) -> None:
    """Install what the project does not bring: our versions, else the newest that fit its own."""
    here = _installed(session)
    needed = commands.missing(tools, here)
    if not needed:
        return
    text = pins.read_text(encoding="utf-8")
    try:
        _install_with(session, needed, commands.constraints(here, text))
    except CommandFailed:
        session.warn(
            f"Our versions of {', '.join(needed)} do not fit those that the project pins:"
            " installing the newest that do."
        )
        _install_with(session, needed, commands.constraints(here))


def _install_with(session: nox.Session, needed: Sequence[str], limits: str) -> None:
    file = _written(session, "constraints.txt")
    file.write_text(limits)
    session.install("-c", str(file), *needed)


def variables(session: nox.Session) -> Mapping[str, str]:
    """Return what tells our own commands which Python has the project's dependencies."""
    from towpath.config.model import TOOL_PYTHON

    return {TOOL_PYTHON: python_of(session)}
