"""Bringing Towpath into a project: what the project is, and the files that it needs."""
