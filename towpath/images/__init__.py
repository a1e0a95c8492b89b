"""Building images: targets, platforms, builders, caches, and reading back what was pushed."""
