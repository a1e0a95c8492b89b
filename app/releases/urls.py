"""The addresses of the pages and of the API."""

from django.urls import path

from releases import api, views

urlpatterns = [
    path("", views.index, name="index"),
    path("runs/<uuid:run_id>/", views.run, name="run"),
    path("api/runs/", api.runs, name="api-runs"),
]
