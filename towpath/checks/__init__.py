"""Checks of the source code: lint, tests, security, performance, and their verdicts."""
