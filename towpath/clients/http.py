"""A small door for probes: one GET, and what came back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Answer:
    """What a URL answered: `status` is 0 and `problem` says why where there was no answer."""

    status: int
    body: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""


def get_json(url: str, timeout: float = 10) -> Answer:
    """Ask once, without redirects and without any proxy of the environment."""
    import requests

    with requests.Session() as http:
        http.trust_env = False
        try:
            answer = http.get(url, timeout=timeout, allow_redirects=False)
        except requests.RequestException as error:
            return Answer(0, problem=type(error).__name__)
    try:
        body = answer.json()
    except ValueError:
        return Answer(answer.status_code, problem=f"no JSON: {answer.text[:80].strip()}")
    if not isinstance(body, dict):
        return Answer(answer.status_code, problem="no JSON object")
    return Answer(answer.status_code, body)
