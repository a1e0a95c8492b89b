"""Verify that an environment serves the deployed release; this collects facts, not verdicts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from towpath.config import Environment
from towpath.config.workspace import Workspace
from towpath.core.http import HttpAnswer, get_json
from towpath.environments.environment import Site


def verify(
    workspace: Workspace, environment: Environment, digest: str, version: str
) -> dict[str, Any]:
    """Check through the proxy's published port, and on the engine, which release serves.

    Returns facts: `mismatches` is the number of differences, `problems` describes them. Raises
    CommandFailedError if the engine does not respond.
    """
    return inspect(Site.open(workspace, environment), digest, version, get_json)


def inspect(
    site: Site, digest: str, version: str, get: Callable[[str], HttpAnswer] = get_json
) -> dict[str, Any]:
    """Compare what a site answers, and what its engine runs, with what should serve."""
    live = get(f"{site.environment.url}/health/live")
    ready = get(f"{site.environment.url}/health/ready")
    containers = site.serving()
    image = site.workspace.config.images.at(digest)
    compared: list[tuple[str, object, object]] = [
        ("/health/live answers", live.status, 200),
        ("/health/live names the version", live.body.get("version"), version),
        ("/health/live names the digest", live.body.get("digest"), digest),
        ("/health/ready answers", ready.status, 200),
        ("/health/ready says", ready.body.get("status"), "ok"),
        *((f"{row.name} runs", row.digest, digest) for row in containers),
        *((f"{row.name} was made of", row.image, image) for row in containers),
    ]
    if not containers:
        compared.append(("containers behind the proxy", 0, site.environment.replicas))
    problems = [
        f"{what} {found!r}, not {wanted!r}" for what, found, wanted in compared if found != wanted
    ]
    problems += [answer.problem for answer in (live, ready) if answer.problem]
    return {
        "mismatches": len(problems),
        "problems": problems,
        "environment": site.name,
        "digest": live.body.get("digest", ""),
        "version": live.body.get("version", ""),
        "containers": len(containers),
    }
