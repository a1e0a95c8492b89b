"""Which targets a build has, and which names its images may get."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from towpath.core.errors import ConfigurationError
from towpath.core.references import BUILT, RELEASE, TEMPORARY, TEST
from towpath.core.references import tag as whole_tag
from towpath.core.references import version_tag
from towpath.core.suggest import nearest

PRODUCTION = "production"
TARGETS = (PRODUCTION, "testing", "development")
ALL = "all"
PROGRESS = ("quiet", "plain")
# Names that say what was shown of an image: only a build or a promotion gives them.
_OURS = re.compile(rf"(?:{TEMPORARY}|sha256)-.*|v?\d+\.\d+\.\d+.*")


@dataclass(frozen=True)
class Flags:
    """What the flags of a build come to."""

    targets: tuple[str, ...]
    shown: bool


def flags(target: str, *, tag: str = "", push: bool = True, progress: str = "quiet") -> Flags:
    """Return what the flags of a build mean together; raises ConfigurationError, before anything.

    `target` is one, several with commas between, or `all`.
    """
    targets = _targets(target)
    if progress not in PROGRESS:
        raise ConfigurationError(
            f"Unknown progress {progress!r}.{nearest(progress, PROGRESS)}",
            why=f"It is one of {', '.join(PROGRESS)}.",
        )
    if not push and (tag or len(targets) > 1):
        raise ConfigurationError(
            "Without a push there is one image in the engine, under the name of its target.",
            why="--no-push goes with neither --tag nor several targets.",
            next_step="Name one target, or leave --no-push out.",
        )
    if tag:
        _own_tag(tag, targets)
    return Flags(targets, progress == "plain")


def _targets(text: str) -> tuple[str, ...]:
    named = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if ALL in named:
        return TARGETS
    for row in named:
        known(row)
    if not named:
        raise ConfigurationError(
            "No target is named.", next_step=f"Name {', '.join(TARGETS)}, or {ALL}."
        )
    return named


def tags(version: str, target: str, targets: Sequence[str], tag: str = "") -> tuple[str, ...]:
    """Return the names of a target, in the order in which they move; `tag` is the user's own."""
    known(target)
    names = (version_tag(version), BUILT) if target == PRODUCTION else (target,)
    return (*names, _own_tag(tag, targets)) if tag else names


def _own_tag(tag: str, targets: Sequence[str]) -> str:
    """Return a tag of the user's own; raises ConfigurationError for one that means something."""
    whole_tag(tag)
    if len(targets) > 1:
        raise ConfigurationError(
            f"--tag={tag} names one image, and this is to build {len(targets)}.",
            next_step="Name one target, as in --target=production.",
        )
    taken = (TEST, RELEASE, BUILT, *TARGETS)
    if tag in taken or _OURS.fullmatch(tag):
        raise ConfigurationError(
            f"{tag!r} is a name that the pipeline gives itself.",
            why="It says what was shown of an image: a build, a version, or a promotion.",
            next_step="Take another one, as in --tag=try-1.",
        )
    return tag


def known(target: str) -> None:
    """Raise ConfigurationError for a target that no Dockerfile of ours has."""
    if target not in TARGETS:
        raise ConfigurationError(
            f"Unknown target {target!r}.{nearest(target, (*TARGETS, ALL))}",
            why=f"The Dockerfile has {', '.join(TARGETS)}; {ALL} names all of them.",
        )
