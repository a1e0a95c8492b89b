"""Doors to services, one file each. They hold no policy."""
