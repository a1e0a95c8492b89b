"""Read the cyclomatic complexity of every function from our radon wrapper."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from towpath.core.findings import ToolResult, document, require_ran, unexpected, unread


@dataclass(frozen=True)
class Function:
    """A function or method and its cyclomatic complexity."""

    path: str
    line: int
    name: str
    complexity: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line} {self.name} has complexity {self.complexity}"


def read_radon(ran: ToolResult) -> list[Function]:
    """Return every function, the worst first.

    Raises NothingToJudgeError for no function at all, a crash, half a document, and a file that it
    could not read.
    """
    require_ran("radon", ran, codes=(0,))
    found: list[Function] = []
    for path, blocks in document("radon", ran.stdout).items():
        if not isinstance(blocks, list):
            said = blocks.get("error", blocks) if isinstance(blocks, dict) else blocks
            raise unread("radon", f"{path}: {str(said)[:500]}")
        try:
            found += [function for block in blocks for function in _functions(path, block)]
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise unexpected("radon", error, path) from error
    if not found:
        raise unread("radon", "It found no functions.")
    return sorted(found, key=lambda function: -function.complexity)


def _functions(path: str, block: Mapping[str, Any]) -> Iterator[Function]:
    """Yield the functions of a block; a class' own number is only a mean of its methods."""
    if block["type"] != "class":
        yield Function(path, int(block["lineno"]), block["name"], int(block["complexity"]))
    for inner in block.get("closures", []):
        yield from _functions(path, inner)
