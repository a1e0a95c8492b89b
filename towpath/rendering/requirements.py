"""The pins of the product with hashes: the project's own, its lock file's, or compiled once.

What a lock file says is exported by its own tool. Plain requirements, and what the settings add to
a project's own, are compiled by uv into a file that the project keeps, so that every later build
has the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from towpath.config import Config
from towpath.config.workspace import Workspace
from towpath.core.errors import ConfigurationError
from towpath.core.files import write_atomically
from towpath.rendering import compiled, direct_reader
from towpath.source import lock_files
from towpath.source import lock_files_commands as locks
from towpath.source import requirements_reader
from towpath.source.lock_files_commands import Selection

# Where plain requirements of production usually are, the surest first.
PLAIN = (
    *("requirements/production.txt", "requirements/prod.txt", "requirements.txt"),
    *("requirements/requirements.txt", "requirements/base.txt", "requirements/common.txt"),
)
HASHED, LOCKED, UNPINNED = "hashed", "locked", "unpinned"
READABLE = 0o644


@dataclass(frozen=True)
class PinSource:
    """The file that says what the product depends on, and whether that is pinned already."""

    file: str
    kind: str

    @property
    def folder(self) -> str:
        """The directory from which its relative paths count, as a path in the project."""
        return Path(self.file).parent.as_posix()


@dataclass(frozen=True)
class Pins:
    """The product's dependencies, each a path in the project: those with hashes in one file.

    `direct` is the file of those that are built from a commit or a directory of the project, empty
    without any; `folders` are these directories, and with `has_git` one is a commit.
    """

    hashed: str
    direct: str = ""
    folders: tuple[str, ...] = ()
    has_git: bool = False


def provide(workspace: Workspace, into: str) -> Pins:
    """Return the pins of the product; what is not the project's own file is written below `into`.

    `into` is a path in the project. Raises ConfigurationError where nothing is pinned or the pins
    are out of date, and CommandFailedError for a failed export.
    """
    config = workspace.config
    source = find_source(config)
    if source.kind == UNPINNED:
        return _compiled(config, source, into)
    found = _split(config, _text(workspace, source), source)
    if not requirements_reader.is_hashed(found.hashed):
        raise ConfigurationError(
            f"{source.file} does not pin every dependency by hash.",
            next_step=f"Lock again with {locks.tool_of(source.file) or 'hashes'}.",
        )
    more = ""
    if config.image.extra:
        compiled.require_current(config, source.file, found.hashed)
        more = (config.root / compiled.COMPILED).read_text(encoding="utf-8")
    if source.kind == HASHED and not more and not found.direct:
        return Pins(source.file)
    hashed = _write(config, f"{into}/requirements.txt", found.hashed.rstrip("\n") + "\n" + more)
    return _with_direct(config, hashed, found, into)


def audited(workspace: Workspace, into: str) -> str:
    """Return the file of pins that are compared with advisories, as a path in the project.

    An own Dockerfile may install what nothing pins: then it is what would be installed today.
    Raises as `provide` does.
    """
    config = workspace.config
    source = find_source(config)
    is_free = source.file and source.kind == UNPINNED and config.image.dockerfile
    if not is_free or (config.root / compiled.COMPILED).is_file():
        return provide(workspace, into).hashed
    workspace.terminal.warn(
        f"{source.file} does not pin every dependency: the versions that would be installed now are"
        " compared with advisories, and the image may have others."
    )
    text = compiled.resolve(workspace, source.file)
    found = direct_reader.split(text, source.file, str(config.root.absolute()))
    return _write(config, f"{into}/requirements-of-today.txt", found.hashed)


def can_compile(config: Config) -> bool:
    """Tell whether something of the pins is compiled by us.

    Raises ConfigurationError for requirements that cannot be read.
    """
    source = find_source(config)
    return bool(source.file) and (source.kind == UNPINNED or bool(config.image.extra))


def compile_pins(workspace: Workspace) -> str:
    """Compile what is not pinned into the file that the project keeps, and return its name.

    Raises ConfigurationError where there is nothing to compile, CommandFailedError if uv fails.
    """
    config = workspace.config
    source = find_source(config)
    if not can_compile(config):
        raise ConfigurationError(
            "There are no plain requirements to compile.",
            why=(
                f"Their pins are in {source.file} already."
                if source.file
                else f"There is none of {', '.join(PLAIN)}."
            ),
        )
    base = ""
    if source.kind != UNPINNED:
        base = _split(config, _text(workspace, source), source).hashed
    return compiled.compile_file(workspace, source.file, base)


def find_source(config: Config) -> PinSource:
    """Return the file of the product's dependencies; its name is empty where there is none.

    Raises ConfigurationError for a named one that does not exist.
    """
    named = config.image.requirements
    if named and not (config.root / named).is_file():
        raise ConfigurationError(
            f"[tool.towpath.image] requirements names {named}, which does not exist."
        )
    if named:
        return PinSource(named, LOCKED if locks.tool_of(named) else _kind(config.root / named))
    folder = Path(config.django.manage).parent.as_posix()
    own = _plain(config, folder)
    if own and _kind(config.root / own) == HASHED:
        return PinSource(own, HASHED)
    if lock := lock_files.find(config.root, ".", folder):
        return PinSource(lock, LOCKED)
    return PinSource(own or _declared(config), UNPINNED)


def _plain(config: Config, folder: str) -> str:
    """Return the first file of requirements at the root or in a folder; empty if there is none."""
    places = (*PLAIN, *(f"{folder}/{row}".removeprefix("./") for row in PLAIN))
    return next((row for row in places if (config.root / row).is_file()), "")


def _kind(file: Path) -> str:
    return HASHED if _has_hashes(file) else UNPINNED


def _declared(config: Config) -> str:
    """Return pyproject.toml if it has the dependencies, else an empty string."""
    return compiled.PYPROJECT if compiled.declared(config) is not None else ""


def _compiled(config: Config, source: PinSource, into: str) -> Pins:
    """Return what was compiled from plain requirements."""
    if not source.file:
        raise ConfigurationError(
            "The project has no requirements and no lock file that Towpath can read.",
            why=f"There is none of {', '.join((*locks.TOOLS, *PLAIN))}, and no list of dependencies"
            f" in {compiled.PYPROJECT}.",
            next_step="Name the file: [tool.towpath.image] requirements.",
        )
    file = config.root / compiled.COMPILED
    if not file.is_file():
        raise ConfigurationError(
            f"{source.file} does not pin every dependency by hash, and there is no"
            f" {compiled.COMPILED}.",
            why="Without it the same commit could become another image tomorrow.",
            next_step=f"Make it, and commit it: {compiled.AGAIN}",
        )
    compiled.require_current(config, source.file)
    text = file.read_text(encoding="utf-8")
    # uv writes paths as seen from the directory in which it compiled: the root.
    found = direct_reader.split(text, source.file, str(config.root.absolute()))
    if not found.direct and found.hashed == text:
        return Pins(compiled.COMPILED)
    hashed = _write(config, f"{into}/requirements.txt", found.hashed)
    return _with_direct(config, hashed, found, into)


def _text(workspace: Workspace, source: PinSource) -> str:
    """Return pins as text; those of a lock file are exported."""
    config = workspace.config
    if source.kind == LOCKED:
        wanted = Selection(config.image.groups, config.image.extras, production=True)
        return lock_files.export(workspace, source.file, wanted)
    return (config.root / source.file).read_text(encoding="utf-8", errors="replace")


def _split(config: Config, text: str, source: PinSource) -> direct_reader.DirectPins:
    """Return pins as text by kind; relative paths in it count from the directory of the source."""
    return direct_reader.split(text, source.file, str(config.root.absolute()), source.folder)


def _with_direct(config: Config, hashed: str, found: direct_reader.DirectPins, into: str) -> Pins:
    if not found.direct:
        return Pins(hashed)
    text = "".join(f"{row}\n" for row in found.direct)
    direct = _write(config, f"{into}/direct.txt", text)
    return Pins(hashed, direct, found.folders, found.has_git)


def _has_hashes(file: Path) -> bool:
    return requirements_reader.is_hashed(file.read_text(encoding="utf-8", errors="replace"))


def _write(config: Config, name: str, text: str) -> str:
    """Write a file of the project, unless it has this text already, and return its path."""
    file, content = config.root / name, text.encode()
    if not file.is_file() or file.read_bytes() != content:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(file, content, READABLE)
    return name
