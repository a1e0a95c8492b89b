"""The command of a program in the product's container."""

from __future__ import annotations

from towpath.deployment.migrations import migrate_commands


def test_a_program_comes_on_standard_input() -> None:
    """Its arguments follow the dash."""
    assert migrate_commands.script("settings", "plan") == ["python", "-", "settings", "plan"]
