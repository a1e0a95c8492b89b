"""The texts of what `init` writes: settings, tasks, sessions, `./dev`, a workflow. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import towpath
from towpath.adoption import product
from towpath.adoption.facts import NO_REPOSITORY, REQUIRED, SECRET, SECRET_KEY, Detection
from towpath.adoption.find_versions import allowed_minors
from towpath.config import names
from towpath.config.checking import DJANGO, PYTEST, RANDOM

TASKS = """\
from towpath.tasks.namespace import collection

namespace = collection()
"""
NOXFILE = "from towpath.sessions import *  # noqa: F401, F403\n"
BASELINE = "towpath-baseline.json"
# A database in memory, as the libraries that read such addresses write it.
SQLITE = "sqlite://:memory:"
# The Pythons that Towpath runs on, the newest first.
PYTHONS = ("3.14", "3.13", "3.12", "3.11")
# Where staging's proxy listens on this machine.
STAGING_PORT = 8081
_KEY = re.compile(r"[A-Za-z0-9_-]+")


def settings_table(found: Detection, version: str) -> dict[str, Any]:
    """Return the table `[tool.towpath]` for a project: only what no default says already."""
    name = names.near(found.value("name"), "app")
    # Some clients of registries refuse a repository with a name of one letter.
    name = name if len(name) > 1 else f"{name}-app"
    django: dict[str, Any] = {"settings": found.value("settings")}
    if found.value("manage") != "manage.py":
        django["manage"] = found.value("manage")
    table: dict[str, Any] = {"version": f"=={version}", "name": name, "repository": name}
    branch = found.value("branch")
    if branch and branch != "main":
        table["branches"] = {branch: "test", "*": "scan"}
    table["django"] = django
    table["lint"] = lint_table(found)
    table["tests"] = tests_table(found)
    if not found.value("integration"):
        table["integration"] = {"paths": [], "required": False}
    table["gates"] = {"baseline": BASELINE}
    table |= product.tables(found)
    table["environments"] = {"testing": {}, "staging": {"port": STAGING_PORT}}
    return table


def lint_table(found: Detection) -> dict[str, Any]:
    """Return the table of lint: the linters that the project uses, none of them forced."""
    table: dict[str, Any] = {"linters": sorted(set(found.values("uses")))}
    if rows := found.values("lint-requirements"):
        table["requirements"] = list(rows)
    return table


def tests_table(found: Detection) -> dict[str, Any]:
    """Return the table of the tests: how the project runs them, and what they need."""
    table: dict[str, Any] = {}
    django = found.value("tests") != PYTEST
    if django:
        table["runner"] = DJANGO
    for key, topic in (
        ("requirements", "test-requirements"),
        ("groups", "test-group"),
        ("extras", "test-extra"),
    ):
        if rows := found.values(topic):
            table[key] = list(rows)
    if found.value("test-package"):
        table["package"] = True
    if settings := found.value("test-settings"):
        table["settings"] = settings
    if not found.value("test-parallel"):
        table["parallel"] = False
    if tests_have_services(found):
        table["services"] = True
    if variables := test_variables(found):
        table["env"] = variables
    return table


def tests_have_services(found: Detection) -> bool:
    """Tell whether the tests need the database server of production, and have what reaches it."""
    address = any(name.endswith("DATABASE_URL") for name in found.values("variable"))
    server = found.value("database") in ("postgresql", "mysql")
    has_driver = not found.values("lint-requirements")
    return bool(found.value("test-services")) and address and server and has_driver


def test_variables(found: Detection) -> dict[str, str]:
    """Return variables that the settings cannot do without, with values that need no service."""
    values = {name: RANDOM for name in required_secrets(found)}
    # Also where there is a default: it is the address of a server.
    addresses = [name for name in found.values("variable") if name.endswith("DATABASE_URL")]
    address = "{database.url}" if tests_have_services(found) else SQLITE
    return values | dict.fromkeys(addresses, address)


def required_secrets(found: Detection) -> tuple[str, ...]:
    """Return the secret variables that the settings need in production."""
    rows = found.all("variable")
    return tuple(row.value for row in rows if row.why in (SECRET, SECRET_KEY))


def required_variables(found: Detection) -> tuple[str, ...]:
    """Return the other variables without a default that the settings read."""
    return tuple(row.value for row in found.all("variable") if row.why == REQUIRED)


def toml(table: Mapping[str, Any], prefix: str) -> str:
    """Return a table as TOML; `prefix` is its name, empty for that of a document."""
    plain = _plain(table, prefix)
    lines = [f"[{prefix}]"] if prefix and (plain or not table) else []
    lines += [f"{_key(key)} = {toml_value(row)}" for key, row in plain.items()]
    parts = ["\n".join(lines)] if lines else []
    for key in [key for key in table if key not in plain]:
        parts.append(toml(table[key], f"{prefix}.{_key(key)}".lstrip(".")).rstrip("\n"))
    return "\n\n".join(parts) + "\n"


def running_version() -> str:
    """Return the version of the Towpath that runs."""
    return towpath.__version__


def _plain(table: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    return {
        key: value
        for key, value in table.items()
        if not isinstance(value, Mapping) or _is_inline(prefix, key, value)
    }


def _is_inline(prefix: str, key: str, value: Mapping[str, Any]) -> bool:
    """Tell whether a table is short enough for one line: a service, a process."""
    last = prefix.rpartition(".")[2]
    return last in ("services", "processes") and bool(value)


def _key(key: str) -> str:
    return key if _KEY.fullmatch(key) else json.dumps(key, ensure_ascii=False)


def toml_value(value: Any) -> str:
    """Return a string, a number, a list or a short table; TOML's basic strings are JSON's."""
    if isinstance(value, Mapping):
        rows = (f"{_key(key)} = {toml_value(row)}" for key, row in value.items())
        return f"{{ {', '.join(rows)} }}"
    return json.dumps(value, ensure_ascii=False)


def minors(found: Detection) -> tuple[str, ...]:
    """Return the Pythons for `./dev`: those that the project allows and Towpath runs on.

    All that Towpath runs on, if the project allows none of them: Towpath has its own environment.
    """
    marks = tuple(row for row in PYTHONS if row in found.values("classifier"))
    if marks:
        return marks
    limit = found.value("python-range")
    return allowed_minors(limit, PYTHONS) or PYTHONS if limit else PYTHONS


def dev(template: str, found: Detection, name: str, settings: str, version: str) -> str:
    """Return the script that runs commands with the pinned Towpath."""
    known = minors(found)
    return filled(
        template,
        {
            "name": name,
            "minors": " ".join(known),
            "pythons": " ".join(["python3", *(f"python{row}" for row in known)]),
            "settings": settings,
            "version": f"=={version}",
        },
    )


def workflow(template: str, found: Detection, name: str) -> str:
    """Return a workflow for a CI system."""
    prefix = found.value("git-prefix").replace(NO_REPOSITORY, "")
    folder = f"{prefix}/" if prefix else ""
    entered = f"    defaults:\n      run:\n        working-directory: {prefix}\n"
    known = minors(found)
    python = found.value("python")
    return filled(
        template,
        {
            "name": name,
            "python": python if python in known else known[0],
            "branch": found.value("branch") or "main",
            "path": folder,
            "enter": f"cd {prefix} && " if prefix else "",
            "defaults": entered if prefix else "",
        },
    )


def filled(template: str, values: Mapping[str, str]) -> str:
    """Return a template with `@key@` replaced by its value."""
    return re.sub(r"@([a-z]+)@", lambda match: values.get(match[1], match[0]), template)


def missing_lines(text: str, wanted: Sequence[str]) -> list[str]:
    """Return the lines of an ignore file that are not there, with or without slashes."""
    have = {row.strip().removeprefix("**/").strip("/") for row in text.splitlines()}
    # Python's caches are also ignored by the names of their files.
    if have & {"*.pyc", "*.py[co]", "*.py[cod]", "*.py?"}:
        have.add("__pycache__")
    if have & {"db.sqlite3", "*.sqlite*", "*.sqlite", "*.db", "*.sqlite3-journal"}:
        have.add("*.sqlite3")
    return [row for row in wanted if row.strip("/") not in have]
