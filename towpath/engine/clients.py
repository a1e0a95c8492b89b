"""What the engine's own clients get: the user's logins, and the password of its registry."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from towpath.core import private
from towpath.engine import recipes
from towpath.engine.layout import USER_CONFIG, Layout

CONFIG = "config.json"


def user_folder(layout: Layout, env: Mapping[str, str]) -> Path:
    """Return where the user's own Docker config is, never that of the engine's clients."""
    named = env.get("DOCKER_CONFIG", "")
    if Path(named) == layout.client_config:
        named = env.get(USER_CONFIG, "")
    return Path(named) if named else Path(env.get("HOME", "/root")) / ".docker"


def write_config(layout: Layout, env: Mapping[str, str]) -> None:
    """Write the config of the engine's clients: the user's as it is now, and our registry.

    It is written only where that changes something: commands run at the same time. Raises
    ConfigurationError if the state directory cannot be used.
    """
    file = layout.client_config / CONFIG
    earlier = _text(file)
    user, password = _text(user_folder(layout, env) / CONFIG), _text(layout.password)
    made = recipes.client_config(user, earlier, layout.port, password)
    if made != earlier:
        private.write_private(file, made)


def _text(file: Path) -> str:
    """Return what a file holds; one that is not there or not readable holds nothing."""
    with suppress(OSError, UnicodeDecodeError):
        return file.read_text(encoding="utf-8")
    return ""
