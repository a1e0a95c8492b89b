"""Readers of the engine's list of images. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from towpath.core import documents
from towpath.core.errors import NothingToJudgeError

NONE = "<none>"


@dataclass(frozen=True)
class LocalImage:
    """An image of the engine: a name that takes it away, and its digest.

    One that has no digest yet, or several names, is known by its id, which in containerd's image
    store is the same.
    """

    name: str
    digest: str


def listed(text: str) -> list[LocalImage]:
    """Read `docker image ls --digests --format=json`; no line is no image.

    Raises NothingToJudgeError for a line that is not as expected.
    """
    return [_row(line) for line in text.splitlines() if line.strip()]


def _row(line: str) -> LocalImage:
    try:
        row = documents.loads(line)
        repository, tag = row["Repository"], row["Tag"]
        digest = str(row["ID"] if row["Digest"] == NONE else row["Digest"])
    except (ValueError, KeyError, TypeError) as error:
        raise NothingToJudgeError(
            "Cannot read the engine's list of images.",
            why=f"{documents.reason(error)} The line: {line[:80]}",
        ) from error
    return LocalImage(f"{repository}@{digest}" if tag == NONE else f"{repository}:{tag}", digest)
