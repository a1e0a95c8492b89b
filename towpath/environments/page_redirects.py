"""Follows the redirects of pages of a release, on the host of the environment only. Pure.

A redirect says nothing of the page that a person gets: that page is asked too. What another host
answers is not the release's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from urllib.parse import quote, urljoin, urlsplit

from towpath.config.pages import Page
from towpath.environments import page_reader
from towpath.environments.page_commands import PageRequest
from towpath.environments.page_reader import PageAnswer

# Redirects of one page that are followed, bytes of a path and of cookies that are sent.
MOST = 10
LONGEST = 4000
_DEFAULT_PORTS = {"http": 80, "https": 443}
# What stays as it is in the line of a request.
_SAFE = "%/:=&?~+!$,;'@()*[]"


Ask = Callable[[Sequence[PageRequest]], Sequence[PageAnswer]]


def problems(
    pages: Sequence[Page], ask: Ask, host: str, scheme: str, *, both_schemes: bool
) -> list[str]:
    """Ask pages, follow their redirects, and return the problem of each, empty where it has none.

    `ask` answers requests in their order. `both_schemes` says whether it can ask as if TLS ended
    before the release; else a redirect to the other scheme is not followed.
    """
    found = [""] * len(pages)
    requests = {number: PageRequest(page.path, scheme) for number, page in enumerate(pages)}
    for left in range(MOST, -1, -1):
        answers = dict(zip(requests, ask(tuple(requests.values())), strict=True))
        following: dict[int, PageRequest] = {}
        for number, answer in answers.items():
            page, request = pages[number], requests[number]
            then = _followed(page, request, answer, host, both_schemes)
            if then is None:
                found[number] = _problem(page, request, answer)
            elif not left:
                found[number] = f"{page.path} redirects more than {MOST} times, now to {then.path}"
            else:
                following[number] = then
        if not following:
            break
        requests = following
    return found


def _followed(
    page: Page, request: PageRequest, answer: PageAnswer, host: str, both_schemes: bool
) -> PageRequest | None:
    """Return the request that comes next, or None where the answer is the last one."""
    then = _next(request, answer, host) if page.follows else None
    can_follow = then is not None and (both_schemes or then.scheme == request.scheme)
    return then if can_follow else None


def _problem(page: Page, request: PageRequest, answer: PageAnswer) -> str:
    name = page.path if request.path == page.path else f"{page.path} leads to {request.path}, which"
    if not answer.status:
        return f"{name} does not answer: {answer.problem}"
    problem = replace(page, path=name).problem(answer.status, answer.body)
    said = page_reader.words(answer.body) if problem else ""
    return f"{problem}: {said}" if said else problem


def _next(request: PageRequest, answer: PageAnswer, host: str) -> PageRequest | None:
    """Return the request that a redirect on this host leads to; None where there is none."""
    if not answer.location:
        return None
    try:
        there = urlsplit(urljoin(f"{request.scheme}://{host}{request.path}", answer.location))
        same = there.scheme in _DEFAULT_PORTS and _is_host(there.netloc, there.port, host)
    except ValueError:
        return None
    path = quote(there.path or "/", safe=_SAFE)
    path += f"?{quote(there.query, safe=_SAFE)}" if there.query else ""
    if not same or len(path) > LONGEST:
        return None
    cookies = dict(request.cookies) | dict(answer.cookies)
    then = PageRequest(path, there.scheme, tuple(cookies.items()))
    return then if len(then.sends()) <= LONGEST else replace(then, cookies=())


def _is_host(netloc: str, port: int | None, host: str) -> bool:
    """Tell whether the address of a redirect is that of the environment."""
    if netloc.lower() == host.lower():
        return True
    name = netloc.rpartition("@")[2].lower()
    name = name.removesuffix(f":{port}")
    own = urlsplit(f"//{host}").hostname or ""
    return "@" not in netloc and name == own and port in (None, *_DEFAULT_PORTS.values())
