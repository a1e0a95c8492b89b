"""The state of an environment: its files, in a volume on its engine."""
