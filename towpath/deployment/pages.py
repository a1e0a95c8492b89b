"""Asks the pages of a release: each new container before traffic, and through the proxy after."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from towpath.config import Environment
from towpath.config.pages import Page
from towpath.core.environment import variable
from towpath.core.errors import CommandFailedError, EngineUnreachableError
from towpath.core.http import PageText, get_text
from towpath.environments import page_commands, page_reader
from towpath.environments.engine import Container
from towpath.environments.environment import PROXY, Site
from towpath.environments.page_reader import PageAnswer

OK = 200


def required_pages(environment: Environment) -> tuple[Page, ...]:
    """Return the pages that have to answer: that of health, if there is one, and smoke pages."""
    health = (Page(environment.health, OK),) if environment.health else ()
    return tuple(dict.fromkeys((*health, *environment.smoke)))


def problem_of(site: Site, container: Container, pages: Sequence[Page]) -> str:
    """Ask pages of a container from the proxy; return the first problem, or an empty string.

    The request comes from where traffic will come: a container that listens on its own loopback
    only is found here. Raises EngineUnreachableError, which says nothing of the container.
    """
    proxy = next((row for row in site.containers(PROXY) if row.running), None)
    if proxy is None:
        return "the proxy is not running"
    port = site.workspace.config.processes.web.port
    behind = "https" if site.environment.tls else "http"
    scheme = variable(site.workspace.config.env, "TOWPATH_SCHEME") or behind
    argv = page_commands.ask(pages, container.name, port, site.environment.host, scheme)
    try:
        answers = page_reader.read_answers(*site.engine.execute(proxy, argv), len(pages))
    except EngineUnreachableError:
        raise
    except CommandFailedError as error:
        return error.why or error.what
    found = (_problem(page, answer) for page, answer in zip(pages, answers, strict=True))
    return next(filter(None, found), "")


def _problem(page: Page, answer: PageAnswer) -> str:
    if not answer.status:
        return f"{page.path} does not answer: {answer.problem}"
    problem = page.problem(answer.status, answer.body)
    said = page_reader.words(answer.body) if problem else ""
    return f"{problem}: {said}" if said else problem


def problems_behind(site: Site, get: Callable[[str, str], PageText] = get_text) -> list[str]:
    """Ask every page through the proxy's published port, and return the problems."""
    place = site.environment
    found = []
    for page in required_pages(place):
        answer = get(f"{place.url}{page.path}", place.host)
        if not answer.status:
            found.append(f"{page.path} does not answer: {answer.problem}")
        elif problem := page.problem(answer.status, answer.text):
            found.append(problem)
    return found
