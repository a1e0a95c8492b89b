"""The templates of the package, and how a value is written in each kind of file. Pure but reading.

What a template is filled with is checked when the settings are read: names are names, and every
other value is quoted by a filter here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import towpath

FOLDER = Path(__file__).parent / "templates"
_PACKAGE = Path(towpath.__file__).parent


def scripts() -> Path:
    """Return the directory of the Dockerfile's scripts; in a checkout it is below the root."""
    packaged = FOLDER / "docker"
    return packaged if packaged.is_dir() else _PACKAGE.parent / "docker"


def fill(name: str, values: Mapping[str, Any]) -> str:
    """Return a template filled with values; an unknown name in it is an error of ours."""
    # Imported here: a project with files of its own does not pay for it.
    import jinja2

    engine = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        # No HTML: each filter quotes for the file that it is used in.
        autoescape=False,  # nosec B701
        keep_trailing_newline=True,
    )
    engine.filters |= {"words": compose_words, "check": compose_check, "json": list_of_words}
    engine.globals["state"] = state_mount
    template = engine.from_string((FOLDER / name).read_text(encoding="utf-8"))
    return template.render(values)


def list_of_words(words: Iterable[str]) -> str:
    """Return words as a list in JSON, as a Dockerfile takes a command."""
    return json.dumps(list(words), ensure_ascii=False)


def compose_words(words: Iterable[str]) -> str:
    """Return words as a list in YAML, with every `$` as itself: Compose would replace it."""
    return list_of_words(word.replace("$", "$$") for word in words)


def compose_check(words: Iterable[str]) -> str:
    """Return the command of a health check, as Compose wants it."""
    return compose_words(("CMD", *words))


def compose_text(text: str) -> str:
    """Return a text as YAML; a `$` in it is left to Compose."""
    return json.dumps(text, ensure_ascii=False)


def state_mount(name: str, target: str, writable: bool = False) -> str:
    """Return a file or directory of the environment's state as a mount of Compose.

    Source: Compose specification, services, `volumes`, long syntax; an engine knows `subpath` from
    version 26 on.
    """
    rights = "" if writable else "read_only: true, "
    inside = f"volume: {{subpath: {name}, nocopy: true}}"
    return f"{{type: volume, source: environment-state, target: {target}, {rights}{inside}}}"
