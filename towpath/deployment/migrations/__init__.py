"""What a migration does to the release that still serves."""
