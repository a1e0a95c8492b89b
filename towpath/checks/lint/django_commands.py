"""Commands of Django and Python, also inside the product's container. Pure: argv lists only."""

from __future__ import annotations

Argv = list[str]


def check_deployment(python: str, manage: str) -> Argv:
    """Run Django's deployment checks with the settings from the environment."""
    return [python, manage, "check", "--no-color", "--deploy", "--fail-level=WARNING"]


def missing_migrations(python: str, manage: str) -> Argv:
    """List the migrations that the models lack, without writing them."""
    return [python, manage, "makemigrations", "--no-color", "--check", "--dry-run"]
