"""`[tool.towpath.image]` and `[tool.towpath.proxy]`: how the image is made, and its proxy. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from towpath.config.model import ImageSettings, ProxySettings
from towpath.config.toml_values import below, checked, strings, typed, wrong

# Debian Policy, "Package": what a name may be made of.
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]+")
# A command of manage.py with plain words: it becomes a part of a line of a shell.
_COMMAND = re.compile(r"[a-z][a-z0-9_]*( [A-Za-z0-9_./=-]+)*")
_LISTS = {"groups": "groups", "extras": "extras", "extra": "requirements"}
_PATTERNS = {
    "assets": (re.compile(r"[^\x00-\x1f\x7f\x85\u2028\u2029]*"), "a command on one line"),
    "node": (re.compile(r"[0-9]{1,3}(\.[0-9]{1,3}){0,2}"), "a version such as 20"),
    "python": (re.compile(r"3\.[0-9]{1,2}"), "a version such as 3.13"),
    "target": (re.compile(r"[A-Za-z0-9._-]*"), "the name of a stage"),
    "user": (re.compile(r"([0-9]+(:[0-9]+)?)?"), "numbers such as 10001:10001"),
}
# Whether wheels and caches that a registry keeps are used.
REGISTRY_TRUST = ("always", "authenticated", "never")


def read_image(table: Any, where: str) -> ImageSettings:
    """Return how the image is made.

    `where` names the table in a message. Raises `ConfigurationError` for an unknown key and for
    a value that a build could not use.
    """
    keys = {"build-packages": "build_packages", "run-packages": "run_packages"}
    trusts = ("registry-wheels", "registry-cache")
    own = {
        "dockerfile",
        "target",
        "user",
        "python",
        "code",
        "requirements",
        "groups",
        "extras",
        "extra",
        "assets",
        "node",
        "stages",
        "static",
        "static-commands",
    }
    values = dict(checked(table, {*keys, *trusts, *own}, where))
    made = {key: values.pop(key) for key in own & values.keys()}
    commands = _commands(made.pop("static-commands", []), f"{where}.static-commands")
    wheels, cache = (
        _registry_trust(values.pop(key, "authenticated"), f"{where}.{key}") for key in trusts
    )
    found: dict[str, tuple[str, ...]] = {}
    for key, value in values.items():
        found[keys[key]] = strings(value, f"{where}.{key}", "Debian packages")
        for name in found[keys[key]]:
            if not _PACKAGE.fullmatch(name):
                raise wrong(f"{where}.{key}", "a list of names of Debian packages", name)
    return ImageSettings(
        build_packages=found.get("build_packages", ()),
        run_packages=found.get("run_packages", ()),
        registry_wheels=wheels,
        registry_cache=cache,
        static_commands=commands,
        **_made_image(made, where),
    )


def _commands(value: Any, where: str) -> tuple[str, ...]:
    """Return management commands that are plain words."""
    rows = strings(value, where, "management commands")
    for row in rows:
        if not _COMMAND.fullmatch(row):
            raise wrong(where, "management commands such as compress", row)
    return rows


def _made_image(values: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return how the image is made: by the project's own Dockerfile, or by these settings."""
    found = dict(values)
    for key in {"dockerfile", "code", "requirements", "stages"} & found.keys():
        found[key] = below(found[key], f"{where}.{key}")
    for key in {"target", "user", "python", "assets", "node"} & found.keys():
        typed(found[key], str, f"{where}.{key}")
    typed(found.get("static", True), bool, f"{where}.static")
    for key, what in _LISTS.items():
        if key in found:
            found[key] = strings(found[key], f"{where}.{key}", what)
    for key, (pattern, expected) in _PATTERNS.items():
        if key in found and not pattern.fullmatch(found[key]):
            raise wrong(f"{where}.{key}", expected, found[key])
    return found


def _registry_trust(value: Any, where: str) -> str:
    found = typed(value, str, where)
    if found not in REGISTRY_TRUST:
        raise wrong(where, f"one of {', '.join(REGISTRY_TRUST)}", found)
    return found


def read_proxy(table: Any, where: str) -> ProxySettings:
    """Return how HAProxy is set up.

    `where` names the table in a message. Raises `ConfigurationError` for an unknown key and for
    a limit (bytes) below 0.
    """
    values = checked(table, {"body-limit", "upgrade", "file"}, where)
    limit = typed(values.get("body-limit", 0), int, f"{where}.body-limit")
    if limit < 0:
        raise wrong(f"{where}.body-limit", "a number of bytes, 0 for any", limit)
    upgrade = typed(values.get("upgrade", True), bool, f"{where}.upgrade")
    file = below(values["file"], f"{where}.file") if "file" in values else ""
    return ProxySettings(file, limit, upgrade)
