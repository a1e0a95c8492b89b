"""What `init` would write: a list of changes, decided before the first one is made. Pure."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from towpath.adoption import rendering
from towpath.adoption.facts import NO_REPOSITORY, Detection, Tree

CREATE, APPEND, BY_HAND = "create", "append", "by hand"
PYPROJECT, OWN = "pyproject.toml", "towpath.toml"
# Names for the script; the second one is for a project that has the first.
SCRIPTS = ("dev", "towpath.sh")
SCRIPT_MARK = "# Runs a command with the Towpath that this project pins"
IGNORED = ("/.towpath/", "/.nox/", "/reports/", "__pycache__/")
WORKFLOWS = {"github": ".github/workflows/towpath.yml", "gitlab": ".gitlab-ci.yml"}


@dataclass(frozen=True)
class Change:
    """A file and what is written to it; what is done by hand is only shown."""

    file: str
    kind: str
    text: str
    why: str
    executable: bool = False


@dataclass(frozen=True)
class Wanted:
    """What a person asked `init` for, and the texts of the templates by their file's name."""

    version: str
    templates: Mapping[str, str] = field(default_factory=dict)
    workflow: str = ""


def plan(tree: Tree, found: Detection, wanted: Wanted) -> list[Change]:
    """Return the changes that the project lacks; an empty list if it has everything."""
    changes = [_settings(tree, found, wanted)]
    settings = OWN if _uses_own(tree, found, wanted) else PYPROJECT
    changes.append(_script(tree, found, wanted, settings))
    changes.append(_python(tree, "tasks.py", rendering.TASKS, "towpath.tasks.namespace"))
    changes.append(_python(tree, "noxfile.py", rendering.NOXFILE, "towpath.sessions"))
    changes.append(_ignored(tree, found))
    if wanted.workflow:
        changes.append(_workflow(tree, found, wanted))
    return [row for row in changes if row]


def has_settings(tree: Tree) -> str:
    """Return the file that has Towpath's settings already, an empty string without one."""
    if tree.text(OWN) is not None:
        return OWN
    document = _document(tree.text(PYPROJECT))
    tools = document.get("tool") if document else None
    return PYPROJECT if isinstance(tools, dict) and "towpath" in tools else ""


def script_name(tree: Tree) -> str:
    """Return the name of the project's script: the first that is free, or has ours already."""
    for name in SCRIPTS:
        text = tree.text(name)
        if text is not None and SCRIPT_MARK in text:
            return name
    taken = {path.partition("/")[0] for path in tree.paths}
    return next((name for name in SCRIPTS if name not in taken), "")


def _document(text: str | None) -> dict[str, Any] | None:
    """Return a TOML document; None for one that is invalid."""
    try:
        return tomllib.loads(text or "")
    except (ValueError, RecursionError):
        return None


def _settings(tree: Tree, found: Detection, wanted: Wanted) -> Change | None:
    if has_settings(tree):
        return None
    table = rendering.settings_table(found, wanted.version)
    if _uses_own(tree, found, wanted):
        why = "pyproject.toml is missing" if tree.text(PYPROJECT) is None else _BROKEN
        return Change(OWN, CREATE, rendering.toml(table, ""), why)
    return Change(PYPROJECT, APPEND, rendering.toml(table, "tool.towpath"), "Towpath's settings")


_BROKEN = "pyproject.toml cannot be extended: it is not valid TOML, or has tool on one line"


def _uses_own(tree: Tree, found: Detection, wanted: Wanted) -> bool:
    """Tell whether settings are in towpath.toml: without pyproject.toml, or where it is invalid."""
    if have := has_settings(tree):
        return have == OWN
    text = tree.text(PYPROJECT)
    if text is None:
        return True
    block = rendering.toml(rendering.settings_table(found, wanted.version), "tool.towpath")
    before, after = _document(text), _document(f"{text}\n\n{block}")
    if before is None or after is None:
        return True
    tools = dict(after.get("tool", {}))
    tools.pop("towpath", None)
    return bool(tools != before.get("tool", {}))


def _script(tree: Tree, found: Detection, wanted: Wanted, settings: str) -> Change | None:
    name = script_name(tree)
    template = wanted.templates["dev.sh"]
    if not name:
        text = "python -m pip install towpath"
        return Change(SCRIPTS[0], BY_HAND, text, f"{' and '.join(SCRIPTS)} exist already")
    if tree.text(name) is not None:
        return None
    text = rendering.dev(template, found, name, settings, wanted.version)
    return Change(name, CREATE, text, "runs commands with the pinned Towpath", executable=True)


def _python(tree: Tree, name: str, text: str, sign: str) -> Change | None:
    """Return the change of a file of Python, which is never edited where it exists."""
    package = f"{name.removesuffix('.py')}/"
    have = tree.text(name)
    if have is not None:
        return None if sign in have else Change(name, BY_HAND, text, f"{name} exists already")
    if any(path.startswith(package) for path in tree.paths):
        return Change(name, BY_HAND, text, f"Python imports the directory {package} instead")
    return Change(name, CREATE, text, f"the entry point of {'Nox' if 'nox' in name else 'Invoke'}")


def _ignored(tree: Tree, found: Detection) -> Change | None:
    rows = [row for row in IGNORED if row != "/reports/" or not found.value("reports")]
    if found.value("database") == "sqlite":
        # The checks of migrations create an empty database where there is none.
        rows.append("*.sqlite3")
    text = tree.text(".gitignore")
    missing = rendering.missing_lines(text or "", rows)
    if not missing:
        return None
    kind = CREATE if text is None else APPEND
    return Change(".gitignore", kind, "\n".join(missing) + "\n", "what the tools write")


def _workflow(tree: Tree, found: Detection, wanted: Wanted) -> Change | None:
    file = WORKFLOWS[wanted.workflow]
    template = wanted.templates[f"{wanted.workflow}.yml"]
    text = rendering.workflow(template, found, script_name(tree) or SCRIPTS[0])
    if prefix := found.value("git-prefix").replace(NO_REPOSITORY, ""):
        return Change(
            file, BY_HAND, text, f"it belongs to the root of the repository, above {prefix}"
        )
    have = tree.text(file)
    if have is None:
        return Change(file, CREATE, text, f"runs the pipeline on {wanted.workflow}")
    return (
        None if "invoke pipeline" in have else Change(file, BY_HAND, text, f"{file} exists already")
    )
