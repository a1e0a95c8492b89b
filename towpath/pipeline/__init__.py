"""The stages of a pipeline run, and its report."""
