"""The project: settings, URLs, and the doors to gunicorn and Celery."""

from config.celery import app

__all__ = ["app"]
