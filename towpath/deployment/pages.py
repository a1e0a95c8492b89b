"""Asks the pages of a release: each new container before traffic, and through the proxy after."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from towpath.config import Environment
from towpath.config.pages import Page
from towpath.core.environment import variable
from towpath.core.errors import CommandFailedError, EngineUnreachableError
from towpath.core.http import PageText, get_text
from towpath.environments import page_commands, page_headers, page_reader, page_redirects
from towpath.environments.engine import Container
from towpath.environments.environment import PROXY, Site
from towpath.environments.page_commands import PageRequest
from towpath.environments.page_reader import PageAnswer

OK = 200
# The port of the proxy inside its container.
FRONTEND = 8080


def required_pages(environment: Environment) -> tuple[Page, ...]:
    """Return the pages that have to answer: that of health, if there is one, and smoke pages.

    Health is what its own path answers, wherever a redirect leads.
    """
    health = (Page(environment.health, OK, redirects=False),) if environment.health else ()
    return tuple(dict.fromkeys((*health, *environment.smoke)))


def problem_of(site: Site, container: Container, pages: Sequence[Page]) -> str:
    """Ask pages of a container from the proxy; return the first problem, or an empty string.

    The request comes from where traffic will come: a container that listens on its own loopback
    only is found here. Raises EngineUnreachableError, which says nothing of the container.
    """
    port = site.workspace.config.processes.web.port
    return _problem_at(site, container.name, port, pages, both_schemes=True)


def _problem_at(
    site: Site, address: str, port: int, pages: Sequence[Page], *, both_schemes: bool
) -> str:
    """Ask pages at an address that the proxy's container reaches; return the first problem."""
    proxy = next((row for row in site.containers(PROXY) if row.running), None)
    if proxy is None:
        return "the proxy is not running"
    host = site.environment.host

    def ask(requests: Sequence[PageRequest]) -> list[PageAnswer]:
        argv = page_commands.ask(requests, address, port, host)
        return page_reader.read_answers(*site.engine.execute(proxy, argv), len(requests))

    try:
        found = page_redirects.problems(pages, ask, host, _scheme(site), both_schemes=both_schemes)
    except EngineUnreachableError:
        raise
    except CommandFailedError as error:
        return error.why or error.what
    return next(filter(None, found), "")


def problems_behind(site: Site, get: Callable[..., PageText] = get_text) -> list[str]:
    """Ask every page through the proxy's published port, and return the problems.

    Where the engine is another machine's, whose port may be closed to this one, it is asked there.
    """
    place = site.environment
    if place.engine:
        pages = required_pages(place)
        problem = _problem_at(site, "127.0.0.1", FRONTEND, pages, both_schemes=False)
        return [problem] if problem else []

    def ask(requests: Sequence[PageRequest]) -> list[PageAnswer]:
        return [_get(f"{place.url}{row.path}", row) for row in requests]

    def _get(url: str, request: PageRequest) -> PageAnswer:
        cookie = {"cookie": request.sends()} if request.cookies else {}
        found = get(url, place.host, **cookie)
        return PageAnswer(
            found.status,
            found.text,
            found.problem,
            page_headers.target(found.status, found.headers),
            page_headers.cookies_of(found.headers),
        )

    # The proxy itself says which scheme a user has.
    pages = required_pages(place)
    found = page_redirects.problems(pages, ask, place.host, _scheme(site), both_schemes=False)
    return [row for row in found if row]


def _scheme(site: Site) -> str:
    behind = "https" if site.environment.tls else "http"
    return variable(site.workspace.config.env, "TOWPATH_SCHEME") or behind
