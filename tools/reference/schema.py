"""The JSON schema of `[tool.towpath]`, draft-07, which editors read through taplo. Pure."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from dataclasses import MISSING
from typing import Any

from tools.reference.keys import TABLES
from tools.reference.table import Key, Schema, Table
from towpath.config.pages import Page
from towpath.config.processes import Processes

DRAFT = "http://json-schema.org/draft-07/schema#"
_WORDS = {
    "string": "string",
    "integer": "integer",
    "number": "number",
    "boolean": "`true` or `false`",
    "object": "table",
}


def schema() -> dict[str, Any]:
    """Return the schema of the table, as plain values."""
    properties: dict[str, Any] = {}
    for table in TABLES:
        rows = {key.name: _property(table, key) for key in table.keys}
        if not table.path:
            properties |= rows
        else:
            properties[table.page] = {"description": _plain_words(table.meaning)} | _table(
                table, rows
            )
    return {
        "$schema": DRAFT,
        "title": "tool.towpath",
        "description": "The settings of Towpath in pyproject.toml.",
        "type": "object",
        "additionalProperties": False,
        "properties": dict(sorted(properties.items())),
    }


def document() -> dict[str, Any]:
    """Return the schema of a file that has the table: taplo resolves no reference to another."""
    inner = {name: row for name, row in schema().items() if name != "$schema"}
    tool = {"type": "object", "properties": {"towpath": inner}}
    return {"$schema": DRAFT, "type": "object", "properties": {"tool": tool}}


def text(found: Mapping[str, Any]) -> str:
    """Return a schema as a file."""
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def _table(table: Table, rows: Mapping[str, Schema]) -> dict[str, Any]:
    """Return what a table may be: its own keys, or one table for each name."""
    if list(rows) == ["PATTERN"]:
        return {"type": "object", "additionalProperties": rows["PATTERN"]}
    required = [name for name, row in table.fields().items() if _is_required(row)]
    inner = {"type": "object", "additionalProperties": False, "properties": dict(rows)}
    inner |= {"required": required} if required else {}
    if table.is_list:
        return {"type": "array", "items": inner}
    if not table.sample:
        return inner
    if "endpoint" in rows:
        # A string instead of the table is its endpoint.
        return {"type": "object", "additionalProperties": {"anyOf": [rows["endpoint"], inner]}}
    return {"type": "object", "additionalProperties": inner}


def _is_required(row: Any) -> bool:
    return row.default is MISSING and row.default_factory is MISSING


def _property(table: Table, key: Key) -> dict[str, Any]:
    found = {
        "description": _plain_words(key.meaning),
        **key.schema,
        "examples": [plain(key.example)],
    }
    default = plain(table.default(key))
    return found if default is None else found | {"default": default}


def _plain_words(text: str) -> str:
    """Return a text without Markdown's links: an editor shows it as it is."""
    return re.sub(r" See \[[^\]]+\]\([^)]+\)\.|\[([^\]]+)\]\([^)]+\)", r"\1", text)


def plain(value: Any) -> Any:
    """Return a value of the settings as JSON has it; None for one that is missing."""
    if value is MISSING:
        return None
    if isinstance(value, Processes):
        return {}
    if isinstance(value, tuple):
        return [plain(row) for row in value]
    if isinstance(value, Page):
        return value.path
    if isinstance(value, dt.date):
        return value.isoformat()
    return dict(value) if isinstance(value, Mapping) else value


def words(rule: Schema) -> str:
    """Return in words what a value may be."""
    if "enum" in rule:
        return " or ".join(f'`"{row}"`' for row in rule["enum"])
    if rule["type"] == "array":
        return _list_words(rule)
    if rule["type"] == "object":
        inner = rule["additionalProperties"]
        if inner is False:
            return f"table with {', '.join(f'`{name}`' for name in rule['properties'])}"
        return "table of strings or tables" if "anyOf" in inner else "table of strings"
    if rule.get("format") == "date":
        return "date"
    return _WORDS[rule["type"]] + _bounds(rule)


def _list_words(rule: Schema) -> str:
    inner = rule["items"]
    if "anyOf" in inner:
        return "list of strings or tables"
    kinds = f", each {words(inner)}" if "enum" in inner else f" of {words(inner)}s"
    return f"list{kinds}" + (", not empty" if "minItems" in rule else "")


def _bounds(rule: Schema) -> str:
    low, high = rule.get("minimum"), rule.get("maximum")
    if "maxLength" in rule:
        return f" of up to {rule['maxLength']} lower-case letters, digits, `-` and `_`"
    if low is not None and high is not None:
        return f" from {low:g} to {high:g}"
    if low is not None:
        return f", {low:g} or more"
    return "" if high is None else f", {high:g} or less"
