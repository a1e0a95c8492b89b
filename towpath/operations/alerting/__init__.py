"""Prometheus and Alertmanager beside an environment: what they are told, starting and stopping."""
