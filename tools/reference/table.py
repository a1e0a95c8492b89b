"""What a table of keys is to the reference: its keys, and the frozen value that it is read into."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, fields
from typing import Any

# A fragment of a JSON schema, draft-07.
Schema = Mapping[str, Any]


@dataclass(frozen=True)
class Key:
    """One key: its name in its table, what its value may be, what it means, and an example.

    `variable` is the variable of the environment that replaces it, if there is one.
    """

    name: str
    schema: Schema
    meaning: str
    example: Any
    variable: str = ""


@dataclass(frozen=True)
class Table:
    """One table of keys: its path below `tool.towpath`, and the frozen value it is read into.

    A part of the path in capitals, or a key in capitals, is a name that the project chooses:
    `sample` is the one in examples. With `is_list` it is an array of tables. Without `kind` its
    keys have no defaults; `ours` are the fields of `kind` that are no keys.
    """

    path: str
    meaning: str
    keys: tuple[Key, ...]
    kind: type | None = None
    sample: str = ""
    is_list: bool = False
    ours: tuple[str, ...] = ()

    @property
    def page(self) -> str:
        """The name of its page, without an ending."""
        return self.path.partition(".")[0] or "towpath"

    @property
    def header(self) -> str:
        """The table as TOML writes it, with the sample's name."""
        above, _, last = self.path.rpartition(".")
        if last.isupper():
            last = self.sample if self.sample.isidentifier() else f'"{self.sample}"'
        path = ".".join(filter(None, ("tool.towpath", above, last)))
        return f"[[{path}]]" if self.is_list else f"[{path}]"

    def fields(self) -> dict[str, Field[Any]]:
        """Return the fields behind the keys, by the name of the key."""
        if self.kind is None:
            return {}
        rows = [row for row in fields(self.kind) if row.name.replace("_", "-") not in self.ours]
        return {row.metadata.get("key", row.name.replace("_", "-")): row for row in rows}

    def default(self, key: Key) -> Any:
        """Return the value of a key that is not set; MISSING if it has to be, or has none."""
        row = self.fields().get(key.name)
        if row is None:
            return MISSING
        if row.default_factory is not MISSING:
            return row.default_factory()
        return row.default
