"""Every error that the package raises, as the code has it: for the index and for a test. Pure.

An error's first words are a text of the code, in which `…` stands for what is known only when it
is raised. Errors that take over the words of another one have none of their own.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from towpath.core import errors

# What is known only when the error is raised.
HOLE = "…"
# An error that takes over another one's words.
PASSED_ON = "error.what"


@dataclass(frozen=True, order=True)
class Message:
    """What an error says first, the code that it ends with, and the modules that raise it."""

    text: str
    code: int
    modules: tuple[str, ...] = ()


class UnknownMessageError(ValueError):
    """An error whose words cannot be found in the code: name them there."""


def messages(sources: Mapping[str, str]) -> list[Message]:
    """Return the messages of all modules, each with its codes, sorted; keys are paths.

    Raises UnknownMessageError for an error whose words are not in its module.
    """
    nodes = {path: _wanted(ast.parse(text)) for path, text in sources.items()}
    codes = _codes(nodes.values())
    found: dict[tuple[str, int], set[str]] = {}
    for path, own in nodes.items():
        for text, code in _in(own, codes, path):
            found.setdefault((text, code), set()).add(path)
    return sorted(
        Message(text, code, tuple(sorted(paths))) for (text, code), paths in found.items()
    )


def _wanted(tree: ast.Module) -> list[ast.AST]:
    """Return what messages are read from; to walk a tree is what takes the time."""
    return [row for row in ast.walk(tree) if isinstance(row, ast.ClassDef | ast.Call | ast.Assign)]


def _codes(modules: Iterable[Sequence[ast.AST]]) -> dict[str, int]:
    """Return the exit code of each class of errors by its name, those of other modules too."""
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    found = {kind.__name__: kind.code for kind in kinds if issubclass(kind, errors.TowpathError)}
    for name, base in (pair for nodes in modules for pair in _bases(nodes)):
        if base in found:
            found.setdefault(name, found[base])
    return found


def _bases(nodes: Sequence[ast.AST]) -> Iterator[tuple[str, str]]:
    """Yield each class of a module with each of its bases."""
    for node in nodes:
        if isinstance(node, ast.ClassDef):
            yield from ((node.name, base.id) for base in node.bases if isinstance(base, ast.Name))


def _in(nodes: Sequence[ast.AST], codes: Mapping[str, int], path: str) -> Iterator[tuple[str, int]]:
    texts = _named_texts(nodes)
    for node in (row for row in nodes if isinstance(row, ast.Call) and row.args):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
        if name in codes:
            yield from ((text, codes[name]) for text in _texts(node, texts, path))


def _texts(node: ast.Call, texts: Mapping[str, Sequence[str]], path: str) -> Sequence[str]:
    """Return the messages of a call that makes an error; none if it passes one on."""
    first = node.args[0]
    if isinstance(first, ast.Name) and first.id in texts:
        return texts[first.id]
    if text := template(first):
        return [text]
    if PASSED_ON not in ast.unparse(first):
        raise UnknownMessageError(f"{path}:{node.lineno}: {ast.unparse(first)}")
    return []


def _named_texts(nodes: Sequence[ast.AST]) -> dict[str, list[str]]:
    """Return the texts that a module gives to each name."""
    found: dict[str, list[str]] = {}
    for node in nodes:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            for choice in _choices(node.value):
                if text := template(choice):
                    found.setdefault(node.targets[0].id, []).append(text)
    return found


def _choices(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.IfExp):
        return [*_choices(node.body), *_choices(node.orelse)]
    return [node]


def template(node: ast.expr) -> str:
    """Return a text of the code, with `…` for each value in it; empty for another expression.

    A value after the last full stop is a hint, as a nearest name, that is not always there.
    """
    text = _template(node)
    return text.removesuffix(HOLE) if text.endswith(f".{HOLE}") else text


def _template(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _template(node.left) + (_template(node.right) or HOLE)
    if not isinstance(node, ast.JoinedStr):
        return ""
    parts = (part.value if isinstance(part, ast.Constant) else HOLE for part in node.values)
    return "".join(map(str, parts))
