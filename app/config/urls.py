"""All addresses but /health/, which config.middleware answers before anything else."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [path("", include("releases.urls"))]
