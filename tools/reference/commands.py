"""The pages of what can be called: tasks, sessions, and the codes that they end with. Pure."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any

from tools.reference.markdown import table
from tools.reference.sessions import Session
from towpath.core import errors
from towpath.tasks.namespace import collection

# The help of each task, from when this module is loaded: `Task.get_arguments` of Invoke takes each
# text out of the task's own help, so that a second call has none.
_HELP = {name: dict(collection()[name].help) for name in collection().task_names}


def exit_codes() -> str:
    """Return the page of the exit codes: of every error the class, its code and its meaning."""
    kinds = _errors()
    defining = {row.code: row for row in reversed(kinds) if "code" in vars(row)}
    defining[errors.UnexpectedError.code] = errors.UnexpectedError
    rows = [(str(code), _doc(row), f"`{row.__name__}`") for code, row in sorted(defining.items())]
    below = [
        (f"`{row.__name__}`", str(row.code), _doc(row))
        for row in kinds
        if row not in (errors.TowpathError, *defining.values())
    ]
    return f"""# Exit codes

Every `invoke` task and `python -m towpath` ends with one of these. Inside Nox every failure is 1;
`reports/pipeline-report.json` has the rest. An error says what happened, why, and what to do next.

{table(("code", "means", "error"), [("0", "success", ""), *rows])}

## More exact errors

{table(("error", "code", "means"), below)}
"""


def tasks() -> str:
    """Return the page of the Invoke tasks, with their flags."""
    root, parts = collection(), ["# Tasks", "Type `invoke --help NAME` for the same text."]
    for name in sorted(root.task_names):
        task = root[name]
        rows = [(*_flag(row), _help(name, row)) for row in task.get_arguments()]
        parts += [f"## {name}", inspect.cleandoc(task.__doc__ or "")]
        parts += [table(("flag", "default", "meaning"), rows)] if rows else ["It has no flags."]
    return "\n\n".join(parts)


def sessions(found: Iterable[Session]) -> str:
    """Return the page of the Nox sessions."""
    rows = [
        (
            f"`{row.name}`",
            row.meaning,
            "each supported Python" if row.each_python else "one Python",
            "yes" if row.by_default else "no",
            f"`requirements/{row.pins}.txt`" if row.pins else "none",
        )
        for row in found
    ]
    return f"""# Sessions

`nox -s NAME` runs one session in an environment of its own. `nox` alone runs those that are marked
as default. Arguments after `--` go to the session.

{table(("session", "does", "runs on", "default", "pins"), rows)}
"""


def _help(task: str, row: Any) -> str:
    texts = _HELP[task]
    return str(texts.get(row.attr_name or "") or texts.get(row.name, ""))


def _flag(row: Any) -> tuple[str, str]:
    """Return a task's argument, as Invoke knows it: how it is written, and its default."""
    name, default = row.names[0], row.default
    if row.kind is bool:
        return (f"`--{name}`, `--no-{name}`", "yes") if default else (f"`--{name}`", "no")
    shown = f"`--{name}={'NUMBER' if row.kind is int else 'TEXT'}`"
    if row.kind is list:
        return f"{shown}, may repeat", ""
    if row.positional:
        return shown, "required"
    return shown, f"`{default}`" if default else ""


def _errors() -> list[type[errors.TowpathError]]:
    return [
        row
        for row in vars(errors).values()
        if isinstance(row, type) and issubclass(row, errors.TowpathError)
    ]


def _doc(kind: type) -> str:
    return inspect.cleandoc(kind.__doc__ or "").splitlines()[0]
