"""Read the report of Trivy about an image. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from towpath.checks.security.advisories_reader import Advisory, severity
from towpath.core import documents
from towpath.core.errors import NothingToJudgeError

# Letters of the report about a very large image.
LIMIT = 64 << 20


def read_trivy(text: str) -> list[Advisory]:
    """Return the findings of `trivy image --format=json`.

    Raises NothingToJudgeError for a report without packages of the distribution, and for a
    distribution that is no longer supported, since it gets no advisories.
    """
    return [row for row, _ in read_layers(text)]


def read_layers(text: str) -> list[tuple[Advisory, str]]:
    """Return the findings, each with the diff id of its layer, empty if unknown.

    Raises NothingToJudgeError as `read_trivy` does.
    """
    try:
        document = documents.loads(text, LIMIT)
        results = document["Results"]
        if not any(row.get("Class") == "os-pkgs" for row in results):
            raise ValueError("it has no packages of the distribution")
        _require_supported((document.get("Metadata") or {}).get("OS") or {})
        return [_found(row) for part in results for row in part.get("Vulnerabilities") or []]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NothingToJudgeError(
            "Cannot read Trivy's report.", why=documents.reason(error)
        ) from error


def _found(row: Mapping[str, Any]) -> tuple[Advisory, str]:
    advisory = Advisory(
        row["VulnerabilityID"],
        row["PkgName"],
        row["InstalledVersion"],
        severity(row.get("Severity")),
        row.get("Title", ""),
    )
    return advisory, (row.get("Layer") or {}).get("DiffID", "")


def _require_supported(system: Mapping[str, Any]) -> None:
    """Raise NothingToJudgeError for a distribution that gets no advisories any more."""
    if system.get("EOSL"):
        name = " ".join(str(system[key]) for key in ("Family", "Name") if system.get(key))
        raise NothingToJudgeError(
            f"{name or 'The distribution'} has reached its end of life.",
            why="It gets no security updates, and there are no advisories about its packages.",
            next_step="Use a base image with a supported distribution.",
        )
