"""All addresses but /health/live and /health/ready, which health.middleware.Health answers."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [path("", include("releases.urls"))]
