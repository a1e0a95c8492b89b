"""Decide which images are kept, and delete the others."""
