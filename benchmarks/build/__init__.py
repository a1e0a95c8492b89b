"""How long an image takes: ours for two platforms, for one, and as most people write it."""
