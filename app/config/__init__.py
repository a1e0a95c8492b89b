"""The project: settings, URLs, and the doors to gunicorn and Celery."""

from config.celery import application as celery

__all__ = ["celery"]
