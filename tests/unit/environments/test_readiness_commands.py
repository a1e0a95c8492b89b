"""The command that asks a web container whether it is ready."""

from __future__ import annotations

import ast

from towpath.environments import readiness_commands


def test_readiness_is_asked_with_the_standard_library_alone() -> None:
    """The probe is a program that compiles, and asks /health/ready of this container."""
    program, flag, text = readiness_commands.ready()
    tree = ast.parse(text)
    imported = {
        name.name for node in tree.body if isinstance(node, ast.Import) for name in node.names
    }

    assert (program, flag, imported) == ("python", "-c", {"http.client", "sys"})
    assert '"127.0.0.1", 8000' in text and "/health/ready" in text
