"""Allowed HTTP methods: declared on each view, enforced before the body is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.urls import Resolver404, resolve

View = TypeVar("View", bound=Callable[..., HttpResponse])

READING = ("GET", "HEAD")
"""The methods of views that declare none, and of addresses that do not exist."""


def takes(*methods: str) -> Callable[[View], View]:
    """Declare the methods of a view; must be its outermost decorator."""

    def declare(view: View) -> View:
        view.methods = methods  # type: ignore[attr-defined]
        return view

    return declare


class Methods:
    """Refuses a method that a view does not allow, before the body is read or stored."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        allowed = _methods(request.path_info)
        if request.method not in allowed:
            return HttpResponseNotAllowed(allowed)
        return self.get_response(request)


def _methods(path: str) -> tuple[str, ...]:
    try:
        view = resolve(path).func
    except Resolver404:
        return READING
    declared: tuple[str, ...] = getattr(view, "methods", READING)
    return declared
