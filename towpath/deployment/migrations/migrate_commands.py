"""The command of a program in the product's container. Pure: an argv list only."""

from __future__ import annotations

Argv = list[str]


def script(*arguments: str) -> Argv:
    """Run the Python program on standard input."""
    return ["python", "-", *arguments]
