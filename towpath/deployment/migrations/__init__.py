"""Judge and apply migrations without breaking the release that still serves."""
