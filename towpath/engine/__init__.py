"""The embedded engine: Docker, a registry and the base images where no Docker engine answers."""
