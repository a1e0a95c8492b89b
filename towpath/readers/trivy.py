"""What Trivy found in an image. Pure."""

from __future__ import annotations

import json

from towpath.errors import NothingToJudgeError
from towpath.readers.advisories import Advisory, severity


def read(text: str) -> list[Advisory]:
    """Return the findings of `trivy image --format=json`.

    A report that says of no package that it was looked at raises NothingToJudgeError.
    """
    return [row for row, _ in read_layers(text)]


def read_layers(text: str) -> list[tuple[Advisory, str]]:
    """Return the findings, each with the diff id of the layer that brought it, where it is said."""
    try:
        results = json.loads(text)["Results"]
        if not any(row.get("Class") == "os-pkgs" for row in results):
            raise ValueError("it looked at no package of the distribution")
        return [
            (
                Advisory(
                    found["VulnerabilityID"],
                    found["PkgName"],
                    found["InstalledVersion"],
                    severity(found.get("Severity")),
                    found.get("Title", ""),
                ),
                (found.get("Layer") or {}).get("DiffID", ""),
            )
            for row in results
            for found in row.get("Vulnerabilities") or []
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NothingToJudgeError("Trivy's report cannot be read.", why=repr(error)) from error
