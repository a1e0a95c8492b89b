"""Shows the rendered files, and writes them into the project for whoever wants to own them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from towpath.config.workspace import Workspace
from towpath.core.errors import ConfigurationError
from towpath.core.files import write_atomically
from towpath.core.pins import find as find_pins
from towpath.rendering import compose, dockerfile, files, own_stages, requirements
from towpath.rendering.templates import scripts

COMPOSE, PROXY, DOCKERFILE = "compose", "proxy", "dockerfile"
PARTS = (DOCKERFILE, COMPOSE, PROXY)
# Where ejected files go, and the line of the settings that says so.
FOLDER, SCRIPTS, IGNORED = "compose", "docker", ".dockerignore"
LINES: Mapping[str, str] = {
    DOCKERFILE: '[tool.towpath.image]\ndockerfile = "Dockerfile"',
    COMPOSE: f'[tool.towpath]\ncompose = "{FOLDER}"',
    PROXY: f'[tool.towpath.proxy]\nfile = "{compose.PROXY}"',
}


def render(workspace: Workspace) -> list[str]:
    """Write every rendered file anew, and return their paths in the project.

    A part that the project owns is not rendered. Raises ConfigurationError for missing pins.
    """
    config = workspace.config
    found: list[str] = []
    if not config.image.dockerfile:
        build = files.build_files(workspace)
        found += [build.dockerfile, f"{build.dockerfile}.dockerignore", *build.pins.values()]
    if not config.compose:
        for place in config.environments.values():
            found += files.compose_files(config, place)
        found.append(files.proxy_file(config).relative_to(config.root).as_posix())
    return list(dict.fromkeys(found))


def eject(workspace: Workspace, part: str) -> list[str]:
    """Write a part into the project, and return the files.

    Raises ConfigurationError, and nothing is written, where one exists with another text.
    """
    config = workspace.config
    wanted = texts(workspace, part)
    taken = [name for name, text in wanted.items() if _differs(config.root / name, text)]
    if taken:
        raise ConfigurationError(
            f"Cannot eject {part}: {', '.join(taken)} exists with other contents.",
            next_step="Move it away, or compare it with `python -m towpath render`.",
        )
    for name, text in wanted.items():
        if not (config.root / name).is_file():
            write_atomically(config.root / name, text.encode(), files.READABLE)
    return list(wanted)


def texts(workspace: Workspace, part: str) -> dict[str, str]:
    """Return the texts of a part by their paths in the project."""
    config = workspace.config
    if part == PROXY:
        return {compose.PROXY: compose.proxy(config)}
    if part == COMPOSE:
        overlays = {
            f"{FOLDER}/{name}.yaml": compose.overlay(config, place)
            for name, place in config.environments.items()
        }
        return {
            f"{FOLDER}/{compose.BASE}": compose.base(config),
            **overlays,
            f"{FOLDER}/{compose.PROXY}": compose.proxy(config),
        }
    return _dockerfile(workspace)


def _dockerfile(workspace: Workspace) -> dict[str, str]:
    """Return the Dockerfile and every file that it needs and the project has not."""
    config = workspace.config
    pinned = requirements.provide(workspace, files.DIRECTORY)
    pins, source = find_pins(config.root, "uv"), scripts()
    found = {
        f"{SCRIPTS}/{file.relative_to(source).as_posix()}": file.read_text(encoding="utf-8")
        for file in sorted(source.rglob("*"))
        if file.is_file() and "__pycache__" not in file.parts
    }
    if pins.is_relative_to(config.root):
        uv = pins.relative_to(config.root).as_posix()
    else:
        uv = f"{SCRIPTS}/uv.txt"
        found[uv] = pins.read_text(encoding="utf-8")
    if not (config.root / IGNORED).is_file():
        needed = filter(None, (pinned.hashed, pinned.direct, *pinned.folders))
        untracked = files.untracked(workspace)
        found[IGNORED] = dockerfile.ignored("", untracked, needed=tuple(needed))
    stages = own_stages.read(config)
    text = dockerfile.dockerfile(config, scripts=SCRIPTS, uv=uv, pins=pinned, stages=stages)
    return {files.DOCKERFILE: text, **found}


def _differs(file: Path, text: str) -> bool:
    return file.is_file() and file.read_text(encoding="utf-8") != text
