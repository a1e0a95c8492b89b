"""The chain of stages, and the report of a run."""
