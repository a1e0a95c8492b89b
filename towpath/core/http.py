"""HTTP with requests: this machine without a proxy, and our Authorization is never replaced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from towpath.core import documents
from towpath.core import references as images

if TYPE_CHECKING:
    import requests

# Bytes of an answer; a longer one is refused.
LONGEST = 1 << 20
# For requests an empty proxy means none, and these replace the environment's.
DIRECT = {"http": "", "https": "", "all": ""}


@dataclass(frozen=True)
class HttpAnswer:
    """What a URL answered: `status` is 0 and `problem` says why where there was no answer."""

    status: int
    body: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""


def is_near(url: str) -> bool:
    """Tell whether a URL leads to this machine: a loopback address, localhost or a name below."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    return images.is_loopback(host, names_below=True)


def open_session(url: str, token: str | None = None) -> requests.Session:
    """Return a session for this address, to be closed by the caller.

    Proxies and certificates are those of the environment, but this machine is reached without a
    proxy, whatever NO_PROXY says. `token` goes out as it is: no file of passwords replaces it.
    """
    import requests

    def authorize(request: requests.PreparedRequest) -> requests.PreparedRequest:
        if token:
            request.headers["Authorization"] = f"Bearer {token}"
        return request

    found = requests.Session()
    # With an `auth` of our own, requests does not look into ~/.netrc.
    found.auth = authorize
    if is_near(url):
        found.trust_env = False
        found.proxies.update(DIRECT)
    return found


def start_of(answer: requests.Response) -> bytes:
    """Return the body of an answer that is streamed, or a little more than LONGEST of its bytes.

    Raises requests.RequestException where the connection breaks.
    """
    found = b""
    for piece in answer.iter_content(16_384):
        found += piece
        if len(found) > LONGEST:
            break
    return found


def get_json(url: str, timeout: float = 10) -> HttpAnswer:
    """Ask once, without redirects; this machine is asked without any proxy of the environment."""
    import requests

    with open_session(url) as http:
        try:
            with http.get(url, timeout=timeout, allow_redirects=False, stream=True) as answer:
                content = start_of(answer)
        except requests.RequestException as error:
            return HttpAnswer(0, problem=type(error).__name__)
    try:
        body = documents.loads(content, LONGEST)
    except ValueError:
        words = content[:300].decode("utf-8", "replace")[:80].strip()
        return HttpAnswer(answer.status_code, problem=f"invalid JSON: {words}")
    if not isinstance(body, dict):
        return HttpAnswer(answer.status_code, problem="not a JSON object")
    return HttpAnswer(answer.status_code, body)


@dataclass(frozen=True)
class PageText:
    """What a page answered: `status` is 0 and `problem` says why where there was no answer.

    `headers` are its headers, their names in small letters.
    """

    status: int
    text: str = ""
    problem: str = ""
    headers: tuple[tuple[str, str], ...] = ()


def get_text(url: str, host: str = "", timeout: float = 10, cookie: str = "") -> PageText:
    """Ask for a page once, without redirects; `host` and `cookie` are headers of the request.

    This machine is asked without any proxy of the environment.
    """
    import requests

    headers = ({"Host": host} if host else {}) | ({"Cookie": cookie} if cookie else {})
    with open_session(url) as http:
        try:
            answer = http.get(
                url, timeout=timeout, headers=headers, allow_redirects=False, stream=True
            )
            with answer:
                content = start_of(answer)
                # Each Set-Cookie by itself: `answer.headers` joins them.
                received = tuple((name.lower(), text) for name, text in answer.raw.headers.items())
        except requests.RequestException as error:
            return PageText(0, problem=type(error).__name__)
    return PageText(answer.status_code, content.decode("utf-8", "replace"), headers=received)
