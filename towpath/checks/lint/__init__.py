"""The linters: how each is called, on which files, and what it found."""
