"""Verify that an environment serves the deployed release; this collects facts, not verdicts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from towpath.config import Environment
from towpath.config.workspace import Workspace
from towpath.core.http import PageText, get_text
from towpath.deployment import pages
from towpath.environments.environment import Site


def verify(
    workspace: Workspace, environment: Environment, digest: str, version: str
) -> dict[str, Any]:
    """Check through the proxy's published port, and on the engine, which release serves.

    Returns facts: `mismatches` is the number of differences, `problems` describes them. Raises
    CommandFailedError if the engine does not respond.
    """
    return inspect(Site.open(workspace, environment), digest, version, get_text)


def inspect(
    site: Site, digest: str, version: str, get: Callable[[str, str], PageText] = get_text
) -> dict[str, Any]:
    """Compare what a site answers, and what its engine runs, with what should serve.

    Which release serves is known by the proxy's slots and the labels of the containers in them.
    """
    containers = site.serving()
    image = site.workspace.config.images.at(digest)
    compared: list[tuple[str, object, object]] = [
        *((f"{row.name} runs", row.digest, digest) for row in containers),
        *((f"{row.name} has the version", row.version, version) for row in containers),
        *((f"{row.name} was made of", row.image, image) for row in containers),
        ("containers behind the proxy", len(containers), site.environment.replicas),
    ]
    problems = [
        f"{what} {found!r}, not {wanted!r}" for what, found, wanted in compared if found != wanted
    ]
    problems += pages.problems_behind(site, get)
    for row in containers:
        if problem := pages.problem_of(site, row, pages.required_pages(site.environment)):
            problems.append(f"{row.name}: {problem}")
    return {
        "mismatches": len(problems),
        "problems": problems,
        "environment": site.name,
        "digest": containers[0].digest if containers else "",
        "version": containers[0].version if containers else "",
        "containers": len(containers),
        "pages": [page.path for page in pages.required_pages(site.environment)],
    }
