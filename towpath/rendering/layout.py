"""Where the product's files are in its image. Pure."""

from __future__ import annotations

import posixpath

from towpath.config import Config
from towpath.config.services import SQLITE
from towpath.config.variables import DATA_DIRECTORY

ROOT = "/srv/app"
LIBRARY = "/srv/lib"
# Whom the product runs as in a rendered image: nobody that the image knows by name.
USER = "10001:10001"


def directory(config: Config) -> str:
    """Return the directory of manage.py in the image, in which every process starts."""
    inside = posixpath.relpath(posixpath.dirname(config.django.manage) or ".", config.image.code)
    return posixpath.normpath(posixpath.join(ROOT, inside))


def manage(config: Config) -> str:
    """Return the name of manage.py, seen from its own directory."""
    return posixpath.basename(config.django.manage)


def python_path(config: Config) -> str:
    """Return the directories that Python imports from; packages may be in src/."""
    return ":".join([*_code(config), LIBRARY])


def build_path(config: Config) -> str:
    """Return the directories of code that Python imports from while the image is built."""
    return ":".join(f"/code{path}" for path in _code(config))


def _code(config: Config) -> list[str]:
    return list(dict.fromkeys((directory(config), ROOT, f"{ROOT}/src")))


def volumes(config: Config) -> dict[str, str]:
    """Return the volumes of the product: each a name and an absolute directory."""
    found = {
        name: path if path.startswith("/") else posixpath.join(directory(config), path)
        for name, path in config.volumes.items()
    }
    if any(row.kind == SQLITE for row in config.services.values()):
        found["data"] = DATA_DIRECTORY
    return found


def links(config: Config) -> list[tuple[str, str]]:
    """Return the files of SQLite's databases: where each is, and its path below the code."""
    inside = posixpath.relpath(directory(config), ROOT)
    return [
        (
            f"{DATA_DIRECTORY}/{posixpath.basename(row.file)}",
            posixpath.normpath(posixpath.join(inside, row.file)),
        )
        for row in config.services.values()
        if row.kind == SQLITE
    ]
