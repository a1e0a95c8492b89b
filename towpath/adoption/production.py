"""Which of several settings modules is production's, and which questions remain. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from towpath.adoption.code import Code
from towpath.adoption.facts import Fact
from towpath.adoption.find_settings import role

# How much each kind of file that names a settings module says about production. Where the best two
# candidates have the same sum, a person is asked.
_BY_FILE = (("wsgi.py", 3), ("asgi.py", 3), ("manage.py", 1), ("celery.py", 1))
_BY_ROLE = {"production": 6, "any": 1, "shared": -4, "elsewhere": -6}
_DEPLOYED = ("dockerfile", "procfile", "app.json", "heroku.yml", ".service")


def rank(
    named: Iterable[Fact], modules: Iterable[Fact], code: Code, roots: tuple[str, ...]
) -> list[tuple[int, Fact]]:
    """Return the settings modules with their points, the likeliest one of production first."""
    points: dict[str, int] = {}
    reasons: dict[str, list[Fact]] = {}
    for row in [*named, *modules]:
        if not code.find(row.value, roots):
            continue
        points.setdefault(row.value, _BY_ROLE[role(row.value)])
        reasons.setdefault(row.value, []).append(row)
    for name, rows in reasons.items():
        kinds = {_points(row.file): row for row in rows}
        points[name] += max(kinds, default=0)
    order = sorted(points, key=lambda name: (-points[name], name))
    return [(points[name], _explained(name, reasons[name])) for name in order]


def _points(file: str) -> int:
    """Return what a file that names a settings module says about production."""
    path = PurePosixPath(file)
    name = path.name.lower()
    if name.startswith(_DEPLOYED) or name.endswith(_DEPLOYED):
        return 0 if role(name.replace(".", "_").replace("-", "_")) == "elsewhere" else 2
    return next((number for end, number in _BY_FILE if name == end), 0)


def _explained(name: str, rows: Sequence[Fact]) -> Fact:
    best = max(rows, key=lambda row: _points(row.file))
    why = {"production": "its name says production", "any": ""}.get(role(name), "")
    return replace(best, topic="settings", why=", ".join(filter(None, (why, best.why))))


def choose(ranked: Sequence[tuple[int, Fact]]) -> tuple[Fact, ...]:
    """Return the best candidates: one, or all that have the same points."""
    if not ranked:
        return ()
    best = ranked[0][0]
    return tuple(row for points, row in ranked if points == best)
