"""The foundation of all other modules: errors, processes, output, image references, files."""
