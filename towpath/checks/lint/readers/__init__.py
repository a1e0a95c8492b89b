"""Read the output of each linter into findings. Pure; an unknown format is an error."""
