"""The targets of a build, and the tags of its images."""

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
# Tags with a meaning, which only a build or a promotion may set.
_OURS = re.compile(rf"(?:{TEMPORARY}|sha256)-.*|v?\d+\.\d+\.\d+.*")


@dataclass(frozen=True)
class Flags:
    """The validated flags of a build; `shown` streams the builder's output to the terminal.

    With `every`, the targets are those of them that the Dockerfile has.
    """

    targets: tuple[str, ...]
    shown: bool
    every: bool = False


def flags(target: str, *, tag: str = "", push: bool = True, progress: str = "quiet") -> Flags:
    """Validate the flags of a build together; raises ConfigurationError.

    `target` is one target, several separated by commas, or `all`.
    """
    targets = _targets(target)
    if progress not in PROGRESS:
        raise ConfigurationError(
            f"Unknown value for --progress: {progress!r}.{nearest(progress, PROGRESS)}",
            why=f"Valid values are {', '.join(PROGRESS)}.",
        )
    if not push and (tag or len(targets) > 1):
        raise ConfigurationError(
            "--no-push builds one image, tagged with the name of its target.",
            why="--no-push cannot be combined with --tag or several targets.",
            next_step="Choose one target, or leave out --no-push.",
        )
    if tag:
        _own_tag(tag, targets)
    return Flags(targets, progress == "plain", every=ALL in _words(target))


def _targets(text: str) -> tuple[str, ...]:
    named = _words(text)
    if ALL in named:
        return TARGETS
    for row in named:
        known(row)
    if not named:
        raise ConfigurationError(
            "No target was selected.", next_step=f"Choose {', '.join(TARGETS)}, or {ALL}."
        )
    return named


def _words(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def tags(version: str, target: str, targets: Sequence[str], tag: str = "") -> tuple[str, ...]:
    """Return the tags of a target, in the order in which they move; `tag` is the user's own.

    Raises ConfigurationError for an unknown target or a reserved tag.
    """
    known(target)
    names = (version_tag(version), BUILT) if target == PRODUCTION else (target,)
    return (*names, _own_tag(tag, targets)) if tag else names


def _own_tag(tag: str, targets: Sequence[str]) -> str:
    """Return the user's own tag; raises ConfigurationError for an invalid or reserved one."""
    whole_tag(tag)
    if len(targets) > 1:
        raise ConfigurationError(
            f"--tag={tag} cannot be used with {len(targets)} targets.",
            next_step="Choose one target, for example --target=production.",
        )
    taken = (TEST, RELEASE, BUILT, *TARGETS)
    if tag in taken or _OURS.fullmatch(tag):
        raise ConfigurationError(
            f"The tag {tag!r} is reserved for the pipeline.",
            why="It stands for a build, a version or a promotion.",
            next_step="Choose another tag, for example --tag=try-1.",
        )
    return tag


def known(target: str) -> None:
    """Raise ConfigurationError for an unknown target."""
    if target not in TARGETS:
        raise ConfigurationError(
            f"Unknown target {target!r}.{nearest(target, (*TARGETS, ALL))}",
            why=f"Valid targets are {', '.join(TARGETS)}, or {ALL} for all of them.",
        )
