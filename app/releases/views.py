"""The pages: the overview with the latest runs, and one run with its stages."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.core.paginator import InvalidPage, Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe

from releases import pagecache
from releases.models import Run
from releases.overview import serving, waiting

RUNS_PER_PAGE = 20


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Show the release of each environment, and the latest runs in pages (`?page=2`)."""
    number = request.GET.get("page", "1")
    if not (number.isascii() and number.isdecimal() and len(number) <= 6):
        raise Http404("no such page of runs")

    def render() -> str:
        runs = Paginator(Run.objects.prefetch_related("stages"), RUNS_PER_PAGE)
        try:
            page = runs.page(number)
        except InvalidPage as error:
            raise Http404("no such page of runs") from error
        places = serving()
        shown = {"environments": places, "waiting": waiting(places), "page": page}
        return render_to_string("releases/index.html", shown, request)

    return _page(f"index:{int(number)}", render)


@require_safe
def run(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Show one run, with the facts of each stage, its promotions and deployments."""

    def render() -> str:
        found = get_object_or_404(Run, pk=run_id)
        return render_to_string(
            "releases/run.html",
            {
                "run": found,
                "stages": found.stages.all(),
                "deployments": found.deployments.order_by("pk"),
                "promotions": found.promotions.order_by("pk"),
            },
            request,
        )

    return _page(f"run:{run_id}", render)


def _page(name: str, render: Callable[[], str]) -> HttpResponse:
    response = HttpResponse(pagecache.page(name, render))
    # Browsers revalidate each time; the ETag saves the body where nothing changed.
    response["Cache-Control"] = "no-cache"
    return response
