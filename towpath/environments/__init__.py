"""Where a release runs: its Compose project, containers, proxy, secrets, services and state."""
