"""Watching an environment: what is measured, how it is judged, when it ends early."""
