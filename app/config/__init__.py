"""The project: settings, URLs, and the entry points of gunicorn and Celery."""

from config.celery import app

__all__ = ["app"]
