"""Tests that open the report and the dashboard in a real browser: `nox -s browser`."""
