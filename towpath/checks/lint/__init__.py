"""Run the linters, each on its files, and read their findings."""
