"""Whether everything that the pipeline needs works: every probe, one line each, one verdict."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence

from towpath.config.workspace import Workspace
from towpath.core.errors import CommandFailedError
from towpath.operations import engine_probes, notify_probes, service_probes
from towpath.operations.health_rules import HealthCheck, Level, worst
from towpath.operations.probes import Probe, run_probes


def machine_probes(workspace: Workspace, engine: engine_probes.EngineAccess) -> list[Probe]:
    """Return the probes of all but the environments."""
    return [
        *engine_probes.probes(workspace, engine),
        *service_probes.probes(workspace),
        *notify_probes.probes(workspace.config),
    ]


def all_probes(workspace: Workspace, environment: str = "") -> list[Probe]:
    """Return every probe, or only those of one environment, which then has to run.

    Raises ConfigurationError for an environment that is not configured.
    """
    engine, config = engine_probes.access(workspace), workspace.config
    if environment:
        place = config.environment(environment)
        return [service_probes.environment_probe(engine.workspace, place, expected=True)]
    return [
        *machine_probes(workspace, engine),
        *(
            service_probes.environment_probe(engine.workspace, place)
            for place in config.environments.values()
        ),
    ]


def health(
    workspace: Workspace, *, environment: str = "", as_json: bool = False, strict: bool = False
) -> list[HealthCheck]:
    """Run the probes and write a line for each, or one JSON document.

    Raises CommandFailedError where a check is an error, with `strict` also where it is a warning.
    """
    started = time.monotonic()
    checks = run_probes(all_probes(workspace, environment))
    if as_json:
        workspace.terminal.data(document(checks, time.monotonic() - started))
    else:
        width = max(len(row.subject) for row in checks)
        for row in checks:
            workspace.terminal.data(row.line(width))
    require_well(checks, strict=strict)
    return checks


def document(checks: Sequence[HealthCheck], seconds: float) -> str:
    """Return the checks as JSON: the worst status, the seconds of all, and each check."""
    body = {
        "status": str(worst(checks)),
        "seconds": round(seconds, 3),
        "checks": [row.as_json() for row in checks],
    }
    return json.dumps(body, indent=1)


def require_well(checks: Sequence[HealthCheck], *, strict: bool = False) -> None:
    """Raise CommandFailedError that names every check with an error, or `strict` a warning."""
    bad = (Level.ERROR, Level.WARNING) if strict else (Level.ERROR,)
    ill = [row for row in checks if row.level in bad]
    if ill:
        raise CommandFailedError(
            f"These checks failed: {', '.join(row.subject for row in ill)}.",
            next_step=next((row.next_step for row in ill if row.next_step), ""),
        )
