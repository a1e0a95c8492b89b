"""With which files is the project built and run? Rendered from its settings, or its own."""
