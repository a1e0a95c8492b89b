"""Fuzzing of everything that reads what others wrote; `nox -s fuzz` runs it, bounded."""
