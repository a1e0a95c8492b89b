"""Wheels for dependencies that have none: built once, kept, and served to every build."""
