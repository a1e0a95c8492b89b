"""The settings of coverage for tests with a verdict: the project's own, and what stays fixed.

Branches are always measured, no limit ends a run, and paths are relative, so that the data of
several Pythons can be combined. A project without settings is measured below its directory, without
its tests. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from towpath import gates
from towpath.source import switches_reader as switches

# Where coverage looks for settings, in its order, and how a section is called there.
PLACES = (
    (".coveragerc", ""),
    (".coveragerc.toml", "tool.coverage."),
    ("setup.cfg", "coverage:"),
    ("tox.ini", "coverage:"),
    ("pyproject.toml", "coverage."),
)
# What init writes is no code of the product.
OURS = ("noxfile.py", "tasks.py")
_KNOWN = ("run", "report", "paths", "html", "xml", "json", "lcov")
Sections = dict[str, dict[str, str]]


def settings(texts: Mapping[str, str], tests: Iterable[str], *, processes: bool) -> str:
    """Return the settings as an INI file.

    `texts` are the project's files by name, `tests` patterns of its test files; with `processes`
    the runner starts further ones with multiprocessing.
    """
    found = _own(texts)
    run = found.setdefault("run", {})
    if not {"source", "source_pkgs", "source_dirs", "include"} & run.keys():
        run["source"] = "."
        run.setdefault("omit", _lines([*map(_pattern, tests), *OURS]))
    run |= {"branch": "true", "relative_files": "true", "parallel": "true"}
    run.pop("data_file", None)
    if processes:
        named = [*run.get("concurrency", "thread").replace(",", "\n").split(), "multiprocessing"]
        run["concurrency"] = _lines(dict.fromkeys(named))
    found.setdefault("report", {}).pop(gates.COVERAGE_LIMIT, None)
    return _ini(found)


def _own(texts: Mapping[str, str]) -> Sections:
    """Return the sections of the first file that has any; the others do not count."""
    for name, start in PLACES:
        sections = switches.tables(name, texts[name]) if name in texts else {}
        found = {
            key.removeprefix(start): {option: _value(row) for option, row in values.items()}
            for key, values in sections.items()
            if key.startswith(start) and key.removeprefix(start) in _KNOWN
        }
        if found:
            return found
    return {}


def _value(value: Any) -> str:
    if isinstance(value, list):
        return _lines(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _lines(rows: Iterable[str]) -> str:
    return "".join(f"\n{row}" for row in rows)


def _pattern(row: str) -> str:
    return f"{row}*" if row.endswith("/") else row


def _ini(found: Sections) -> str:
    lines = []
    for name, values in found.items():
        lines.append(f"[{name}]")
        for option, value in values.items():
            lines.append(f"{option} = {value.strip(' ')}".replace("\n", "\n    ").rstrip())
    return "\n".join(lines) + "\n"
