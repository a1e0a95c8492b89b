"""The forms that values of several keys have, as JSON schemas."""

from __future__ import annotations

from tools.reference.table import Schema
from towpath import gates
from towpath.config import (
    names,
    services,
)

TEXT: Schema = {"type": "string"}
TEXTS: Schema = {"type": "array", "items": TEXT}
FILLED: Schema = {"type": "string", "minLength": 1}
VARIABLE: Schema = {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$"}
COUNT: Schema = {"type": "integer", "minimum": 0}
FROM_ONE: Schema = {"type": "integer", "minimum": 1}
NAME: Schema = {"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]*$", "maxLength": names.LONGEST}
PACKAGES: Schema = {
    "type": "array",
    "items": {"type": "string", "pattern": "^[a-z0-9][a-z0-9+.-]+$"},
}
VARIABLES: Schema = {
    "type": "array",
    "items": {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*\\*?$"},
}
HOST: Schema = {"type": "string", "pattern": "^[A-Za-z0-9.-]+(:[0-9]{1,5})?$"}
PAGE: Schema = {"type": "string", "pattern": "^/[!-~]*$"}
PATH: Schema = {"type": "string", "pattern": "^[^/]"}
TLS: Schema = {
    "type": "object",
    "additionalProperties": False,
    "required": ["certificate", "key"],
    "properties": {
        "certificate": FILLED,
        "key": FILLED,
        "port": {"type": "integer", "minimum": 1, "maximum": 65535},
        "redirect": {"type": "integer", "minimum": 0, "maximum": 65535},
        "hsts": COUNT,
    },
}
PROCESS: Schema = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "command": FILLED,
        "count": FROM_ONE,
        "single": {"type": "boolean"},
        "health": FILLED,
        "stop": FROM_ONE,
        "memory": {"type": "string", "pattern": "^[1-9][0-9]*[kmg]$"},
        "port": {"type": "integer", "minimum": 1, "maximum": 65535},
    },
}
PROCESSES: Schema = {
    "type": "object",
    "properties": {"release": {"anyOf": [FILLED, TEXTS]}},
    "additionalProperties": {"anyOf": [FILLED, PROCESS]},
}
SERVICE: Schema = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "kind": {"enum": list(services.KINDS)},
        **dict.fromkeys(("image", "name", "user", "host", "file", "volume"), TEXT),
        "port": {"type": "integer"},
        "health": TEXTS,
    },
}
SERVICES: Schema = {"type": "object", "additionalProperties": {"anyOf": [FILLED, SERVICE]}}
SMOKE: Schema = {
    "type": "array",
    "items": {
        "anyOf": [
            PAGE,
            {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "path": PAGE,
                    "status": {"type": "integer", "minimum": 0, "maximum": 599},
                    "text": TEXT,
                },
            },
        ]
    },
}
VALUES: Schema = {"type": "object", "additionalProperties": TEXT}


def limit(rule: gates.Gate) -> Schema:
    """Return what a project may set for a gate: a limit that is at least as strict."""
    bound = "minimum" if rule.direction in (">", ">=") else "maximum"
    return {"type": "number", bound: rule.limit}


def between(bounds: tuple[int, int]) -> Schema:
    """Return a whole number within bounds, both included."""
    return {"type": "integer", "minimum": bounds[0], "maximum": bounds[1]}
