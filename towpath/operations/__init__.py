"""Whether the machinery of the pipeline works, and who is notified of what it did."""
