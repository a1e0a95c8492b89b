"""Radon's numbers for every function and module that is named, whatever its settings say.

Its own command reads radon.cfg, setup.cfg, pyproject.toml and the user's home, and leaves out what
those exclude or find too complex to show. It also leaves out the methods of a class that is in a
function or in another class.

`python -m towpath.checks.tools.complexity cc FILE...` writes the functions of each file as JSON, in
the form of `radon cc --json`; `mi` the maintainability index, in that of `radon mi --json`.
"""

from __future__ import annotations

import ast
import json
import sys
import tokenize
from collections.abc import Callable, Sequence

from radon.metrics import mi_visit
from radon.visitors import ComplexityVisitor


def functions(text: str) -> list[dict[str, object]]:
    """Return the functions and methods of a module, however deep they are."""
    return [
        _function(node)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def maintainability(text: str) -> dict[str, object]:
    """Return the maintainability index of a module; docstrings count as comments."""
    return {"mi": mi_visit(text, multi=True)}


def _function(node: ast.FunctionDef | ast.AsyncFunctionDef) -> dict[str, object]:
    visitor = ComplexityVisitor(off=False)
    visitor.visit(node)
    (found,) = visitor.functions
    return {
        "type": "function",
        "name": node.name,
        "lineno": node.lineno,
        "complexity": found.complexity,
    }


READS: dict[str, Callable[[str], object]] = {"cc": functions, "mi": maintainability}


def main(arguments: Sequence[str]) -> None:
    """Write what is measured of each file; one that cannot be read or parsed has an error."""
    kind, *files = arguments
    found = {file: _measured(READS[kind], file) for file in files}
    json.dump(found, sys.stdout)


def _measured(read: Callable[[str], object], file: str) -> object:
    try:
        with tokenize.open(file) as stream:
            return read(stream.read())
    except (OSError, RecursionError, SyntaxError, ValueError) as error:
        return {"error": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    main(sys.argv[1:])
