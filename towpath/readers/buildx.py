"""What buildx and the engine say about a build and themselves, as JSON. Pure."""

from __future__ import annotations

import json
from typing import Any

from towpath.errors import NothingToJudgeError
from towpath.images import digest

SNAPSHOTTER = "io.containerd.snapshotter.v1"


def built_digest(metadata: str) -> str:
    """Return the digest of what was built, from the file that `--metadata-file` names."""
    document = _object(metadata, "The build's metadata")
    found = document.get("containerimage.digest")
    if not isinstance(found, str):
        raise NothingToJudgeError("The build's metadata names no digest.")
    return digest(found)


def has_image_store(info: str) -> bool:
    """Tell whether the engine keeps images in containerd, from `docker info --format json`.

    Only such an engine builds for several platforms without a builder of its own.
    """
    status = _object(info, "The engine's answer").get("DriverStatus") or []
    return any(len(row) == 2 and row[1] == SNAPSHOTTER for row in status)


def _object(text: str, what: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise NothingToJudgeError(f"{what} is not JSON.", why=str(error)) from error
    if not isinstance(document, dict):
        raise NothingToJudgeError(f"{what} is no JSON object.")
    return document
