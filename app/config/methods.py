"""Which methods a page takes: declared on its view, enforced before any of a body is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.urls import Resolver404, resolve

View = TypeVar("View", bound=Callable[..., HttpResponse])

READING = ("GET", "HEAD")
"""What every address takes that declares nothing else, and every address that does not exist."""


def takes(*methods: str) -> Callable[[View], View]:
    """Declare the methods of a view; stands above every other decorator."""

    def declare(view: View) -> View:
        view.methods = methods  # type: ignore[attr-defined]
        return view

    return declare


class Methods:
    """Refuses a method that a page does not have, before its body is read or stored."""

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
