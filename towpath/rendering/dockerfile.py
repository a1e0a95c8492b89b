"""The Dockerfile of a project and its list of ignored files, from the settings. Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable

from towpath.config import Config
from towpath.config.variables import ENVIRONMENT
from towpath.rendering import layout, own_stages
from towpath.rendering.requirements import Pins
from towpath.rendering.templates import fill

TEMPLATE = "dockerfile.j2"
# The image of a target stands for the environment of that name, where nobody says another.
_ENVIRONMENT = f"{{{ENVIRONMENT}}}"
# Never part of an image, wherever they are.
_NEVER = (
    *(".git", ".nox", ".venv", "venv", "reports", "**/__pycache__", "**/*.py[cod]", "**/.env*"),
    *("**/node_modules", ".towpath/*"),
)


def dockerfile(config: Config, *, scripts: str, uv: str, pins: Pins, stages: str = "") -> str:
    """Return the Dockerfile; `scripts`, `uv` and `pins` are paths in the project of what it reads.

    `scripts` is a directory, `uv` and `pins` are files of pins, `stages` are the project's own as
    text. Raises ConfigurationError for one of them that has the name of a rendered stage.
    """
    values = _values(config, scripts, uv, pins)
    rendered = fill(TEMPLATE, values | {"stages": ""})
    own_stages.require_new(rendered, stages, config.image.stages)
    return fill(TEMPLATE, values | {"stages": stages}) if stages else rendered


def _values(config: Config, scripts: str, uv: str, pins: Pins) -> dict[str, object]:
    """Return what the template is filled with, but for the project's own stages."""
    code = config.image.code
    return {
        "name": config.name,
        "stages_file": config.image.stages,
        "environment_names": [
            name for name, text in config.product_env.items() if text == _ENVIRONMENT
        ],
        "python": config.image.python,
        "scripts": scripts,
        "uv": uv,
        "requirements": pins.hashed,
        "direct": pins.direct,
        "folders": pins.folders,
        "has_git": pins.has_git,
        "assets": config.image.assets,
        "node": config.image.node,
        "run_packages": config.image.run_packages,
        "static": config.image.static,
        "static_commands": config.image.static_commands,
        "code": f"{code}/" if code != "." else ".",
        "directory": layout.directory(config),
        "manage": layout.manage(config),
        "settings": config.django.settings,
        "build_path": layout.build_path(config),
        "python_path": layout.python_path(config),
        "variables": _variables(config),
        "links": layout.links(config),
        "directories": list(layout.volumes(config).values()),
        "web": config.processes.web,
    }


def settings_variables(config: Config) -> dict[str, str]:
    """Return the variables with which the settings of production can be read, secrets made up."""
    return {
        "DJANGO_SETTINGS_MODULE": config.django.settings,
        **dict.fromkeys(config.django.secrets, "made-up-" * 8),
        **config.django.production,
    }


def _variables(config: Config) -> list[tuple[str, str]]:
    # A line break would end the instruction.
    values = settings_variables(config).items()
    return [(name, shlex.quote(value)) for name, value in values if value.isprintable()]


def ignored(own: str, untracked: Iterable[str], *, needed: Iterable[str]) -> str:
    """Return the list of files that the builder does not get.

    `own` is the project's .dockerignore, `untracked` are paths that git ignores: what no commit has
    is in no image. `needed` are paths that the Dockerfile reads.
    """
    paths = (row for row in untracked if row.partition("/")[0] != ".towpath")
    rows = [*own.splitlines(), *(_literal(row) for row in paths), *_NEVER]
    return "\n".join([*rows, *(f"!{row}" for row in needed), ""])


def _literal(path: str) -> str:
    """Return a path as a pattern of .dockerignore that fits nothing else."""
    return "/" + re.sub(r"([*?\[\]\\!#])", r"\\\1", path.rstrip("/"))
