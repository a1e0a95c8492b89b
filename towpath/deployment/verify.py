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
        ("containers behind the proxy", len(containers), site.environment.replicas)
    ]
    for row in containers:
        compared.append((f"{row.name} runs", row.digest, digest))
        compared.append((f"{row.name} has the version", row.version, version))
        compared.append((f"{row.name} was made of", row.image, image))
    problems = [
        f"{what} {found!r}, not {wanted!r}" for what, found, wanted in compared if found != wanted
    ]
    problems += pages.problems_behind(site, get)
    required = pages.required_pages(site.environment)
    asked = {row.name: pages.problem_of(site, row, required) for row in containers}
    problems += [f"{name}: {problem}" for name, problem in asked.items() if problem]
    digest_of, version_of = next(((row.digest, row.version) for row in containers), ("", ""))
    return {
        "mismatches": len(problems),
        "problems": problems,
        "environment": site.name,
        "digest": digest_of,
        "version": version_of,
        "containers": len(containers),
        "pages": [page.path for page in required],
    }
