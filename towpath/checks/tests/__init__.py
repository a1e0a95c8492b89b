"""Tests and their coverage, on every Python."""
