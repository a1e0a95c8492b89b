"""Weaknesses in the code, known advisories of dependencies, secrets in the tree."""
