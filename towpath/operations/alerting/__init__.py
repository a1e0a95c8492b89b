"""Prometheus and Alertmanager beside an environment: their settings, starting and stopping."""
