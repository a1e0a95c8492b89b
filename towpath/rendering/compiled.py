"""Pins that the project does not have: compiled by uv into a file that it keeps."""

from __future__ import annotations

import hashlib
import json
import re
import sys
import tomllib
from typing import Any

from packaging.utils import canonicalize_name

from towpath.config import Config
from towpath.config.workspace import Workspace
from towpath.core import environment
from towpath.core.errors import ConfigurationError
from towpath.core.files import write_atomically
from towpath.rendering import requirements_commands as commands
from towpath.source import requirements_reader
from towpath.source.requirement_files import with_included

COMPILED = "requirements-lock.txt"
PYPROJECT = "pyproject.toml"
AGAIN = "./dev python -m towpath lock"
_MARK = re.compile(r"^# towpath: compiled from (\S+), sha256 ([0-9a-f]{64})$", re.MULTILINE)


def compile_file(workspace: Workspace, source: str, base: str = "") -> str:
    """Compile a file of requirements and what the settings add to it; return the file's name.

    With `base`, the pins of the project, only what the settings add is compiled, to fit them.
    Raises CommandFailedError if uv fails.
    """
    config = workspace.config
    found = resolve(workspace, source, base)
    if base:
        have = {_name(row.words) for row in requirements_reader.lines(base)}
        rows = requirements_reader.lines(found)
        found = "".join(f"{row.words}\n" for row in rows if _name(row.words) not in have)
    head = (
        f"# towpath: compiled from {source}, sha256 {_digest(config, source, base)}\n"
        f"# Commit this file. To make it again: {AGAIN}\n"
    )
    write_atomically(config.root / COMPILED, (head + found).encode(), 0o644)
    return COMPILED


def resolve(workspace: Workspace, source: str, base: str = "") -> str:
    """Return the pins with hashes that uv resolves today, as `compile_file` keeps them."""
    config = workspace.config
    env = environment.of_installers(config.env)
    extra = "".join(f"{row}\n" for row in config.image.extra)
    limits = config.reports / "checks" / "constraints.txt"
    if base:
        limits.parent.mkdir(parents=True, exist_ok=True)
        limits.write_text(_without_extras(base), encoding="utf-8")
    argv = commands.compile_pins(
        sys.executable,
        "" if base else source,
        config.image.python,
        has_more=bool(extra),
        limits=str(limits) if base else "",
        extras=config.image.extras if source == PYPROJECT and not base else (),
    )
    with workspace.terminal.step(f"Compile {', '.join(config.image.extra) if base else source}"):
        return workspace.runner.run(argv, env=env, cwd=config.root, stdin=extra or None).stdout


def require_current(config: Config, source: str, base: str = "") -> None:
    """Raise ConfigurationError if the compiled pins are not those of the requirements of now."""
    file = config.root / COMPILED
    if not file.is_file():
        raise ConfigurationError(
            f"Nothing pins {', '.join(config.image.extra)}, which [tool.towpath.image] extra adds.",
            why=f"There is no {COMPILED}.",
            next_step=f"Make it, and commit it: {AGAIN}",
        )
    match = _MARK.search(file.read_text(encoding="utf-8"))
    if match is None or match[1] != source or match[2] != _digest(config, source, base):
        raise ConfigurationError(
            f"{COMPILED} is out of date: {source} or [tool.towpath.image] has changed since it"
            " was compiled.",
            next_step=f"Compile it again, and commit it: {AGAIN}",
        )


def declared(config: Config) -> list[Any] | None:
    """Return what the project's own pyproject.toml says of its dependencies; None without any."""
    try:
        text = (config.root / PYPROJECT).read_text(encoding="utf-8")
        project = tomllib.loads(text).get("project")
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(project, dict) or not isinstance(project.get("dependencies"), list):
        return None
    keys = ("dependencies", "optional-dependencies", "requires-python")
    return [project.get(key) for key in keys]


def _without_extras(base: str) -> str:
    """Return pins as constraints, which may have neither extras nor hashes."""
    rows = (row for row in requirements_reader.lines(base) if not row.is_option)
    return "".join(re.sub(r"\[[^\]]*\]", "", row.requirement, count=1) + "\n" for row in rows)


def _name(words: str) -> str:
    return canonicalize_name(re.split(r"[^A-Za-z0-9._-]", words, maxsplit=1)[0])


def _digest(config: Config, source: str, base: str) -> str:
    """Return a hash of everything that pins are compiled from."""
    parts = [config.image.python, *config.image.extra]
    total = hashlib.sha256("\0".join(parts).encode())
    if base:
        names = sorted(row.requirement for row in requirements_reader.lines(base))
        total.update("\0".join(names).encode())
        return total.hexdigest()
    if source == PYPROJECT:
        # Not the whole file: it has settings too.
        rows = [declared(config), list(config.image.extras)]
        total.update(json.dumps(rows, sort_keys=True, default=str).encode())
        return total.hexdigest()
    for name in with_included(config.root, [source]):
        if (file := config.root / name).is_file():
            total.update(b"\0" + file.read_bytes())
    return total.hexdigest()
