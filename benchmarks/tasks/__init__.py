"""Whether tasks in the queue are done once, whatever is deployed meanwhile."""
