"""The Invoke tasks: options become settings, one action runs, an error becomes an exit code."""
