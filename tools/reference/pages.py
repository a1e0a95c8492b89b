"""The pages of docs/reference as Markdown, from the code. Pure but for the noxfile's text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import MISSING

from tools.reference import commands, markdown, schema
from tools.reference.keys import TABLES
from tools.reference.markdown import bare, toml
from tools.reference.sessions import Session
from tools.reference.table import Key, Table
from tools.reference.variables import SET_BY_COMMANDS, SET_BY_PEOPLE
from towpath import gates

NOTE = "<!-- Generated from the code: change the code, then run `nox -s docs`. -->\n"
DIRECTIONS = {"<": "below", "<=": "at most", ">=": "at least", ">": "above"}


def pages(sessions: Sequence[Session]) -> dict[str, str]:
    """Return every file of the reference, by its path below docs/reference."""
    found = {f"settings/{table.page}.md": settings(table) for table in TABLES}
    found |= {
        "index.md": index(),
        "settings/index.md": overview(),
        "variables.md": variables(),
        "gates.md": gate_table(),
        "exit-codes.md": commands.exit_codes(),
        "tasks.md": commands.tasks(),
        "sessions.md": commands.sessions(sessions),
    }
    texts = {path: f"{NOTE}\n{text.rstrip()}\n" for path, text in found.items()}
    return texts | {
        "towpath.schema.json": schema.text(schema.schema()),
        "pyproject.schema.json": schema.text(schema.document()),
    }


def index() -> str:
    """Return the page that names the others."""
    return """# Reference

Everything that can be set or called, generated from the code.

- [Settings](settings/index.md): every key of `[tool.towpath]` in `pyproject.toml`
- [Variables](variables.md): every `TOWPATH_*` variable
- [Gates](gates.md): every rule with its limit
- [Exit codes](exit-codes.md)
- [Messages](messages.md): every error, with the section that helps
- [Tasks](tasks.md): every `invoke` task with its flags
- [Sessions](sessions.md): every Nox session
"""


def overview() -> str:
    """Return the page that lists every key, and says how an editor checks them."""
    rows = [
        (
            f"[`{_path(table, key)}`]({table.page}.md#{key.name.lower()})",
            schema.words(key.schema),
            _default(table, key),
        )
        for table in TABLES
        for key in table.keys
    ]
    return f"""# Settings

The settings are in `[tool.towpath]` of `pyproject.toml`. A variable of the environment replaces the
key that its page names. An unknown key, or a value of the wrong type, ends every command with exit
code 2; the message names the path of the key and the nearest right name.

{markdown.table(("key", "type", "default"), rows)}

## In an editor

[`pyproject.schema.json`](../pyproject.schema.json) is a JSON schema (draft-07) of `pyproject.toml`.
It knows this table and leaves everything else open. For Even Better TOML and
[taplo](https://taplo.tamasfe.dev/configuration/directives.html), name it in the first line of the
file:

```toml
#:schema ./pyproject.schema.json
```

`taplo lint` then reports an unknown key or a wrong type, and the editor shows what each key means.
It uses this schema only: other tables are not checked any more.
[`towpath.schema.json`](../towpath.schema.json) is the schema of the table alone, for tools that
join schemas by themselves.
"""


def settings(table: Table) -> str:
    """Return the page of one table of keys: each key has a section of its own."""
    title = table.header if not table.sample else f"[tool.towpath.{table.path}]"
    example = "\n".join([table.header, *(toml_line(table, key) for key in _shown(table))])
    parts = [f"# `{title}`", table.meaning, f"```toml\n{example}\n```"]
    for key in table.keys:
        cells = {"type": schema.words(key.schema), "default": _default(table, key)}
        cells |= {"replaced by": f"`{key.variable}`"} if key.variable else {}
        cells |= {"example": f"`{toml_line(table, key)}`"}
        parts += [
            f"## {key.name}",
            key.meaning,
            markdown.table(tuple(cells), [tuple(cells.values())]),
        ]
    return "\n\n".join(parts)


def variables() -> str:
    """Return the page of the variables."""
    people = [
        (f"`{row.name}`", row.meaning, row.default, f"`{row.example}`") for row in SET_BY_PEOPLE
    ]
    commands = [(f"`{name}`", meaning) for name, meaning in SET_BY_COMMANDS]
    return f"""# Variables

## Set by people and CI jobs

An empty variable counts as one that is not set, but for `TOWPATH_REGISTRIES` and
`TOWPATH_BUILDERS`, where empty means none.

{markdown.table(("variable", "meaning", "without it", "example"), people)}

`TOWPATH_BRANCH` only answers which branch is built. It is no permission: a pull request stays a
pull request, and evidence and promotions name the variable (`"override": "TOWPATH_BRANCH"`).

## Set by commands for Compose

These are for the files in `compose/`. A value of your own is replaced.

{markdown.table(("variable", "meaning"), commands)}
"""


def gate_table() -> str:
    """Return the page of the gates."""
    return f"""# Gates

Every rule is in `towpath/gates.py`, and nowhere else. A missing or unreadable fact gives an
*errored* verdict, which never counts as passed. A project may set a
[stricter limit](settings/gates.md), or accept a failed gate with a [waiver](settings/waivers.md).
`invoke gates.list` shows the limits that are in force.

{_gates(gates.GATES)}

## Judged by a command of its own

No release waits for these.

{_gates(gates.MEASUREMENTS)}
"""


def _gates(rules: Iterable[gates.Gate]) -> str:
    rows = [
        (
            f"`{row.code}`",
            row.stage,
            f"`{row.fact}` is {DIRECTIONS[row.direction]} {row.limit:g}{row.unit}",
            row.meaning,
        )
        for row in rules
    ]
    return markdown.table(("gate", "stage", "passes if", "judges"), rows)


def _path(table: Table, key: Key) -> str:
    return f"{table.path}.{key.name}" if table.path else key.name


def _default(table: Table, key: Key) -> str:
    value = table.default(key)
    if value is MISSING:
        return "required" if key.name in table.fields() else "not set"
    shown = toml(schema.plain(value))
    return "none" if shown == '""' else f"`{shown}`"


def _shown(table: Table) -> Sequence[Key]:
    """Return the keys of a page's first example: some exclude each other."""
    if table.page == "dashboard":
        return table.keys[1:]
    return [key for key in table.keys if key.name != "options"]


def toml_line(table: Table, key: Key) -> str:
    """Return the line of a key with its example."""
    name = table.sample if key.name == "PATTERN" else key.name
    return f"{bare(str(name))} = {toml(key.example)}"
