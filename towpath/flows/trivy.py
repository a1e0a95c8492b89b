"""Trivy, where it is to be had: on PATH, or as an image that is named by its digest."""

from __future__ import annotations

import shutil

from towpath.commands import trivy
from towpath.errors import ConfigurationError
from towpath.flows.session import Session
from towpath.images import digest as whole_digest
from towpath.readers import trivy as reader
from towpath.readers.advisories import Advisory

VARIABLE = "TOWPATH_TRIVY_IMAGE"
DEADLINE = 600  # seconds: the first run fetches its database


def command(session: Session) -> list[str] | None:
    """Return how Trivy is started; None where there is none.

    `TOWPATH_TRIVY_IMAGE` names an image, by digest: a tag may be moved by whoever wants to be run
    here, and raises ConfigurationError.
    """
    if image := session.config.env.get(VARIABLE, ""):
        name, at, digest = image.partition("@")
        if not name or not at:
            raise ConfigurationError(
                f"{VARIABLE} is {image!r}, which names no digest.",
                why="A scanner is run by its digest: a tag can be moved by others.",
                next_step="Write it as in 'aquasec/trivy@sha256:...'.",
            )
        whole_digest(digest)
        return trivy.container(image)
    found = shutil.which("trivy", path=session.config.env.get("PATH"))
    return None if found is None else trivy.BINARY


def wants_engine(session: Session) -> bool:
    """Tell whether Trivy runs in a container here."""
    return bool(session.config.env.get(VARIABLE))


def scan(session: Session, digest: str, platform: str) -> list[tuple[Advisory, str]]:
    """Return what Trivy finds in one platform, each with the diff id of its layer.

    Raises CommandFailedError or NothingToJudgeError where it gave no answer.
    """
    start = command(session) or trivy.BINARY
    argv = trivy.image(start, session.config.images.at(digest), platform)
    log = session.config.reports / "logs" / "scan.log"
    ended = session.runner.run(argv, timeout=DEADLINE, log=log)
    return reader.read_layers(ended.stdout)
