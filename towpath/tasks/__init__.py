"""The Invoke surface: flags become settings, one flow runs, an error becomes an exit code."""
