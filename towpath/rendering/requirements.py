"""The pins of the product with hashes: the project's own, its lock file's, or compiled once.

What a lock file says is exported by its own tool. Plain requirements are compiled by uv into a file
that the project keeps, so that every later build has the same.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from towpath.config import Config
from towpath.config.workspace import Workspace
from towpath.core import environment
from towpath.core.errors import ConfigurationError
from towpath.core.files import write_atomically
from towpath.rendering import requirements_commands as commands
from towpath.source import requirements_reader

COMPILED = "requirements-lock.txt"
UV_LOCK = "uv.lock"
# Where plain requirements of production usually are, the surest first.
PLAIN = (
    *("requirements/production.txt", "requirements/prod.txt", "requirements.txt"),
    *("requirements/requirements.txt", "requirements/base.txt", "requirements/common.txt"),
)
_MARK = re.compile(r"^# towpath: compiled from (\S+), sha256 ([0-9a-f]{64})$", re.MULTILINE)
AGAIN = "python -m towpath lock"


def provide(workspace: Workspace, into: Path) -> str:
    """Return the file of pins with hashes, as a path in the project.

    A lock file of uv is exported to the directory `into`. Raises ConfigurationError where nothing
    is pinned or the pins are out of date, and CommandFailedError for a failed export.
    """
    config = workspace.config
    if (own := _own(config)) and _has_hashes(config.root / own):
        return own
    if not config.image.requirements and (_here(config) / UV_LOCK).is_file():
        target = into / "requirements.txt"
        _export(workspace, target)
        return target.relative_to(config.root).as_posix()
    if own and (config.root / COMPILED).is_file():
        _require_current(config, own)
        return COMPILED
    if not own:
        raise ConfigurationError(
            "The project has no requirements and no lock file that Towpath can read.",
            why=f"There is no {UV_LOCK}, and none of {', '.join(PLAIN)}.",
            next_step="Name the file: [tool.towpath.image] requirements.",
        )
    raise ConfigurationError(
        f"{own} does not pin every dependency by hash, and there is no {COMPILED}.",
        why="Without it the same commit could become another image tomorrow.",
        next_step=f"Make it, and commit it: {AGAIN}",
    )


def can_compile(config: Config) -> bool:
    """Tell whether the pins are compiled by us: plain requirements, and no lock file.

    Raises ConfigurationError for requirements that cannot be read.
    """
    own = _own(config)
    locked = not config.image.requirements and (_here(config) / UV_LOCK).is_file()
    return bool(own) and not locked and not _has_hashes(config.root / own)


def compile_pins(workspace: Workspace) -> str:
    """Compile the plain requirements into the file that the project keeps, and return its name.

    Raises ConfigurationError where there is nothing to compile, CommandFailedError if uv fails.
    """
    config = workspace.config
    own = _own(config)
    if not own or not can_compile(config):
        raise ConfigurationError(
            "There are no plain requirements to compile.",
            why=(
                f"Their pins are in {own or UV_LOCK} already."
                if own or (_here(config) / UV_LOCK).is_file()
                else f"There is none of {', '.join(PLAIN)}."
            ),
        )
    source = config.root / own
    argv = commands.compile_pins(sys.executable, own, config.image.python, config.image.extra)
    env = environment.of_installers(config.env)
    extra = "".join(f"{row}\n" for row in config.image.extra)
    with workspace.terminal.step(f"Compile {own}"):
        found = workspace.runner.run(argv, env=env, cwd=config.root, stdin=extra or None).stdout
    head = (
        f"# towpath: compiled from {own}, sha256 {_digest(config, source)}\n"
        f"# Commit this file. To make it again: {AGAIN}\n"
    )
    write_atomically(config.root / COMPILED, (head + found).encode())
    return COMPILED


def _here(config: Config) -> Path:
    """Return the directory that a lock file is in: that of the project, or of manage.py."""
    beside = (config.root / config.django.manage).parent
    return beside if (beside / UV_LOCK).is_file() else config.root


def _own(config: Config) -> str:
    """Return the project's file of requirements; empty where there is none.

    Raises ConfigurationError for a named one that does not exist.
    """
    named = config.image.requirements
    if named and not (config.root / named).is_file():
        raise ConfigurationError(
            f"[tool.towpath.image] requirements names {named}, which does not exist."
        )
    folder = Path(config.django.manage).parent
    places = [*PLAIN, *((folder / row).as_posix() for row in PLAIN)]
    return named or next((row for row in places if (config.root / row).is_file()), "")


def _has_hashes(file: Path) -> bool:
    return requirements_reader.is_hashed(file.read_text(encoding="utf-8", errors="replace"))


def _export(workspace: Workspace, target: Path) -> None:
    argv = commands.export_uv(sys.executable, str(_here(workspace.config)))
    env = environment.of_installers(workspace.config.env)
    text = workspace.runner.run(argv, env=env).stdout
    target.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(target, text.encode())


def _require_current(config: Config, own: str) -> None:
    """Raise ConfigurationError if the compiled pins are not those of the requirements of now."""
    text = (config.root / COMPILED).read_text(encoding="utf-8")
    match = _MARK.search(text)
    if match is None or match[1] != own or match[2] != _digest(config, config.root / own):
        raise ConfigurationError(
            f"{COMPILED} is out of date: {own} has changed since it was compiled.",
            next_step=f"Compile it again, and commit it: {AGAIN}",
        )


def _digest(config: Config, source: Path) -> str:
    """Return a hash of everything that pins are compiled from."""
    parts = [config.image.python, *config.image.extra]
    total = hashlib.sha256("\0".join(parts).encode())
    for file in _files(source, set()):
        total.update(b"\0" + file.read_bytes())
    return total.hexdigest()


def _files(source: Path, seen: set[Path]) -> Iterator[Path]:
    """Yield a file of requirements, and each that it includes or is constrained by, once."""
    file = source.resolve()
    if file in seen or not file.is_file():
        return
    seen.add(file)
    yield file
    text = file.read_text(encoding="utf-8", errors="replace")
    for name in requirements_reader.included(file.as_posix(), text):
        yield from _files(Path(name), seen)
