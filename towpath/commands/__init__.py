"""Builders of argv lists, one module a tool. Nothing here runs."""
