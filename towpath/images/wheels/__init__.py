"""Wheels for dependencies that have none: built once, stored, and used by every build."""
