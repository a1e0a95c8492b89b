"""ARCHITECTURE.md names rooms, modules and functions that exist, and every room."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = ("ARCHITECTURE.md", "CONTRIBUTING.md")
# A file or directory of the repository, and maybe a name that is defined in the file.
NAMED = re.compile(r"`((?:towpath|tools|tests|app|docs|requirements)/[\w./*-]*)(?:: (\w+))?`")


def text(page: str) -> str:
    """Return a page."""
    return (ROOT / page).read_text(encoding="utf-8")


def defined(path: str) -> set[str]:
    """Return the functions, classes and constants of a module."""
    found: set[str] = set()
    for node in ast.parse((ROOT / path).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {ast.unparse(target) for target in targets}
    return found


def test_what_the_pages_name_is_there() -> None:
    """A module that moved, and a function that has another name, is found here."""
    rows = [(page, *row) for page in PAGES for row in NAMED.findall(text(page))]
    gone = [(page, path) for page, path, _ in rows if not any(ROOT.glob(path.rstrip("/")))]
    unknown = [(path, name) for _, path, name in rows if name and name not in defined(path)]

    assert len(rows) > 80
    assert gone == []
    assert unknown == []


def test_every_room_is_in_the_table() -> None:
    """Each directory of the package; the product's own programs are apart."""
    rows = re.findall(r"^\| `towpath/(\w+)/` \|", text("ARCHITECTURE.md"), re.M)
    rooms = {file.parent.name for file in (ROOT / "towpath").glob("*/__init__.py")}

    assert sorted(rows) == sorted(rooms - {"product"})
