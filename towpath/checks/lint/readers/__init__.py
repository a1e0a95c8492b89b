"""What each linter says, read into findings. Pure; an unknown form raises."""
