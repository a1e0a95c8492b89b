"""Runs of the pipeline, the releases they made, and where those run."""
