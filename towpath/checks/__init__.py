"""Checks of the code: which tools ran on what, and what their gates say."""
