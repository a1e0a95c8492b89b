"""The files that a project is built and run with: its own where it has them, else rendered.

Rendered files are in a directory that git ignores, and are written only when they change.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from towpath.config import Config, Environment
from towpath.config.workspace import Workspace
from towpath.core.errors import ConfigurationError
from towpath.core.files import write_atomically
from towpath.core.pins import find as find_pins
from towpath.rendering import compose, dockerfile, own_stages, requirements
from towpath.rendering.compiled import COMPILED
from towpath.rendering.templates import scripts

DIRECTORY = ".towpath/rendered"
DOCKERFILE = "Dockerfile"
# What the pins of a project with a Dockerfile of its own are called there.
PRODUCTION, TEST = "requirements/production.txt", "requirements/test.txt"
# The proxy and the services read what is mounted as users of their own.
READABLE = 0o644


@dataclass(frozen=True)
class BuildFiles:
    """What an image is built with, each a path in the project: the Dockerfile, and files of pins.

    `pins` have the names by which the Dockerfile knows them. With `is_own` the Dockerfile is the
    project's.
    """

    dockerfile: str
    pins: dict[str, str]
    is_own: bool


# Under which name a workspace knows what was rendered for its settings.
_KNOWN = "build files"


def build_files(workspace: Workspace) -> BuildFiles:
    """Return the files of a build; what the project has not is written, once for a workspace.

    Raises ConfigurationError for a missing file and for dependencies that are not pinned.
    """
    config = workspace.config
    if config.image.dockerfile:
        return _own_files(workspace)
    settings, known = workspace.memory.get(_KNOWN, (None, None))
    if settings is config and isinstance(known, BuildFiles):
        return known
    folder = config.root / DIRECTORY
    pinned = requirements.provide(workspace, DIRECTORY)
    _copy_scripts(folder / "docker")
    _write(folder / "uv.txt", find_pins(config.root, "uv").read_text(encoding="utf-8"))
    uv, here = f"{DIRECTORY}/uv.txt", f"{DIRECTORY}/docker"
    stages = own_stages.read(config)
    text = dockerfile.dockerfile(config, scripts=here, uv=uv, pins=pinned, stages=stages)
    _write(folder / DOCKERFILE, text)
    own = config.root / ".dockerignore"
    left_out = dockerfile.ignored(
        own.read_text(encoding="utf-8") if own.is_file() else "",
        untracked(workspace),
        needed=(DIRECTORY, pinned.hashed, *pinned.folders),
    )
    _write(folder / f"{DOCKERFILE}.dockerignore", left_out)
    found = BuildFiles(f"{DIRECTORY}/{DOCKERFILE}", {"production.txt": pinned.hashed}, is_own=False)
    workspace.memory[_KNOWN] = (config, found)
    return found


def compose_files(config: Config, environment: Environment) -> tuple[str, ...]:
    """Return the Compose files of an environment; what the project has not is written.

    Raises ConfigurationError for a missing file of its own.
    """
    names = (compose.BASE, f"{environment.name}.yaml")
    if config.compose:
        files = tuple(f"{config.compose}/{name}" for name in names)
        for file in files:
            _require(config, file, "tool.towpath.compose")
        return files
    folder = config.root / DIRECTORY / "compose"
    _write(folder / compose.BASE, compose.base(config))
    _write(folder / names[1], compose.overlay(config, environment))
    if config.proxy.file:
        _require(config, config.proxy.file, "tool.towpath.proxy.file")
    else:
        _write(folder / compose.PROXY, compose.proxy(config))
    return tuple(f"{DIRECTORY}/compose/{name}" for name in names)


def pins_file(config: Config, environment: str, content: bytes) -> str:
    """Return the path of the Compose file that names the images of services by digest.

    `content` is what the state of the environment has; the file is a copy for Compose.
    """
    name = f"{DIRECTORY}/compose/{environment}.images.json"
    _write(config.root / name, content.decode("utf-8", "replace"))
    return name


def proxy_file(config: Config) -> Path:
    """Return the file of the proxy's settings, which `compose_files` has written."""
    if config.proxy.file:
        return config.root / config.proxy.file
    return config.root / (config.compose or f"{DIRECTORY}/compose") / compose.PROXY


def _own_files(workspace: Workspace) -> BuildFiles:
    """Return the files of a build with the project's own Dockerfile."""
    config = workspace.config
    _require(config, config.image.dockerfile, "tool.towpath.image.dockerfile")
    names = [name for name in (PRODUCTION, TEST) if (config.root / name).is_file()]
    pins = {Path(name).name: name for name in names}
    text = (config.root / config.image.dockerfile).read_text(encoding="utf-8", errors="replace")
    # One that was ejected reads what the lock file says.
    if f"{DIRECTORY}/requirements.txt" in text or COMPILED in text:
        pins["production.txt"] = requirements.provide(workspace, DIRECTORY).hashed
    return BuildFiles(config.image.dockerfile, pins, is_own=True)


def _require(config: Config, file: str, where: str) -> None:
    if not (config.root / file).is_file():
        raise ConfigurationError(
            f"The file {file} does not exist.",
            why=f"{where} says that the project has a file of its own.",
            next_step=f"Add it, or remove {where}: then the file is rendered from the settings.",
        )


def untracked(workspace: Workspace) -> list[str]:
    """Return what git ignores; nothing outside a repository."""
    argv = ["git", "ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory"]
    found = workspace.runner.run(argv, cwd=workspace.config.root, check=False)
    return [row for row in found.stdout.split("\0") if row] if found.ok else []


def _copy_scripts(into: Path) -> None:
    """Copy the Dockerfile's scripts; a file that is no script of this version any more goes."""
    source = scripts()
    wanted = {
        file.relative_to(source): file
        for file in source.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    for name, file in wanted.items():
        _write(into / name, file.read_text(encoding="utf-8"))
    for file in [row for row in into.rglob("*") if row.is_file()]:
        if file.relative_to(into) not in wanted:
            file.unlink()


def _write(file: Path, text: str) -> None:
    """Write a file unless it has this text already."""
    content = text.encode()
    if file.is_file() and file.read_bytes() == content:
        return
    if file.is_dir():
        shutil.rmtree(file)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(file, content, READABLE)
