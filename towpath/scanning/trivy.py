"""Run Trivy from PATH, or from an image that is pinned by digest."""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
from pathlib import Path

from towpath.checks.security.advisories_reader import Advisory
from towpath.config.workspace import Workspace
from towpath.core import documents
from towpath.core.errors import ConfigurationError, NothingToJudgeError
from towpath.core.references import digest as whole_digest
from towpath.evidence import record as stages
from towpath.evidence.advisory_sources import AdvisorySource
from towpath.scanning import trivy_commands as trivy
from towpath.scanning import trivy_reader as reader

VARIABLE = "TOWPATH_TRIVY_IMAGE"
DEADLINE = 600  # seconds: the first run fetches its database


def command(workspace: Workspace) -> list[str] | None:
    """Return the command that starts Trivy; None if it is not available.

    Raises ConfigurationError if `TOWPATH_TRIVY_IMAGE` is not an image with a digest: others could
    move a tag.
    """
    if image := workspace.config.env.get(VARIABLE, ""):
        name, at, digest = image.partition("@")
        if not name or not at:
            raise ConfigurationError(
                f"Invalid value for {VARIABLE}: {image!r} has no digest.",
                why="The scanner must be pinned by digest, because others can move a tag.",
                next_step="Use the form 'aquasec/trivy@sha256:...'.",
            )
        whole_digest(digest)
        return trivy.container(image)
    found = shutil.which("trivy", path=workspace.config.env.get("PATH"))
    return None if found is None else trivy.BINARY


def wants_engine(workspace: Workspace) -> bool:
    """Tell whether Trivy runs in a container here."""
    return bool(workspace.config.env.get(VARIABLE))


def identity(workspace: Workspace) -> str:
    """Return the identity of Trivy: its image, or its executable with size and time."""
    if image := workspace.config.env.get(VARIABLE, ""):
        return image
    found = shutil.which("trivy", path=workspace.config.env.get("PATH"))
    if found is None:
        return ""
    about = Path(found).stat()
    return f"{found} {about.st_size} {about.st_mtime_ns}"


def advisory_source(workspace: Workspace) -> AdvisorySource:
    """Return the version of Trivy and the age of its database, for the evidence.

    Raises CommandFailedError or NothingToJudgeError if Trivy does not report them.
    """
    start = command(workspace) or trivy.BINARY
    ended = workspace.runner.run(trivy.version(start), timeout=DEADLINE)
    try:
        said = documents.loads(ended.stdout)
        name, made = said["Version"], dt.datetime.fromisoformat(
            said["VulnerabilityDB"]["UpdatedAt"]
        )
        age = (stages.now() - made).total_seconds() / 86400
    except (ValueError, KeyError, TypeError) as error:
        raise NothingToJudgeError(
            "Cannot determine the age of Trivy's database.", why=documents.reason(error)
        ) from error
    if age < -1:
        raise NothingToJudgeError(f"Trivy's database has a date in the future: {made:%Y-%m-%d}.")
    image = workspace.config.env.get(VARIABLE, "")
    checked = "its digest" if image else "nothing"
    return AdvisorySource(
        f"Trivy {name}", image or "trivy", checked, round(max(0.0, age), 1), foreign=True
    )


def scan(workspace: Workspace, digest: str, platform: str) -> list[tuple[Advisory, str]]:
    """Return what Trivy finds in one platform, each with the diff id of its layer.

    Raises CommandFailedError, ConfigurationError or NothingToJudgeError without a valid report.
    """
    start = command(workspace) or trivy.BINARY
    argv = trivy.image(start, workspace.config.images.at(digest), platform)
    log = workspace.config.log("scan")
    # In an empty directory, so that no .trivyignore of the project hides findings.
    with tempfile.TemporaryDirectory(prefix="towpath-") as empty:
        ended = workspace.runner.run(argv, cwd=Path(empty), timeout=DEADLINE, log=log)
    return reader.read_layers(ended.stdout)
