"""Commands inside the product's container."""

from __future__ import annotations

import ast

from towpath.checks.lint import django_commands as django


def test_readiness_is_asked_with_the_standard_library_alone() -> None:
    """The probe is a program that compiles, and asks /health/ready of this container."""
    program, flag, text = django.ready()
    tree = ast.parse(text)
    imported = {
        name.name for node in tree.body if isinstance(node, ast.Import) for name in node.names
    }

    assert (program, flag, imported) == ("python", "-c", {"http.client", "sys"})
    assert '"127.0.0.1", 8000' in text and "/health/ready" in text


def test_a_program_comes_on_standard_input() -> None:
    """Its arguments follow the dash."""
    assert django.script("settings", "plan") == ["python", "-", "settings", "plan"]
