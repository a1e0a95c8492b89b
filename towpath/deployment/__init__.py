"""A release is brought into an environment without losing a request, or undone."""
