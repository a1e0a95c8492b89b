"""Scan images: their contents, packages and known vulnerabilities."""
