"""The acts in order. A flow decides order, retry and undo; it knows no flag of any tool."""
