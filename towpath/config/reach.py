"""How far a run goes: by the patterns of `[tool.towpath.branches]`, for branches and for tags.

`tag:PATTERN` fits tags, `branch:PATTERN` and a plain PATTERN fit branches. Until tags had a form of
their own, `v*` was written for them: a plain pattern that begins like a version still means tags,
and never a branch. Pure.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping
from dataclasses import dataclass

from towpath.config.ci_systems import OVERRIDE, CiRun, is_commit

SCAN, TEST, RELEASE = REACHES = ("scan", "test", "release")
BRANCH, TAG = "branch", "tag"

# A `v` and a digit or a wildcard: how tags of versions are written.
_OLD_FORM = re.compile(r"v[0-9?*\[].*")
_NEXT = "Run it in CI for a branch or tag that [tool.towpath.branches] allows to go further."


@dataclass(frozen=True)
class Limit:
    """How far a run may go at most: `scan`, `test` or `release`, and why no further."""

    reach: str
    why: str
    next_step: str = _NEXT

    def allows(self, reach: str) -> bool:
        """Tell whether a run may go this far."""
        return REACHES.index(reach) <= REACHES.index(self.reach)


def kind_of(pattern: str) -> tuple[str, str]:
    """Return what a pattern is for, `branch` or `tag`, and the pattern itself."""
    kind, colon, rest = pattern.partition(":")
    if colon and kind in (BRANCH, TAG):
        return kind, rest
    is_old = _OLD_FORM.fullmatch(pattern) and any(mark in pattern for mark in "*?[")
    return (TAG if is_old else BRANCH), pattern


def old_forms(branches: Mapping[str, str]) -> list[str]:
    """Return a line for each pattern that means tags and does not say so."""
    return [
        f"{pattern!r} in [tool.towpath.branches] matches tags, never branches: "
        f"write 'tag:{pattern}', or 'branch:{pattern}' to match branches."
        for pattern in branches
        if kind_of(pattern) == (TAG, pattern)
    ]


def reach(branches: Mapping[str, str], *, branch: str = "", tag: str = "") -> str:
    """Return how far the first pattern that fits lets a branch or tag go; `scan` if none does."""
    kind, name = (TAG, tag) if tag else (BRANCH, branch)
    for pattern, found in branches.items():
        if name and kind_of(pattern)[0] == kind and _fits(name, kind_of(pattern)[1]):
            return found
    return SCAN


def limit(branches: Mapping[str, str], run: CiRun | None, head: str = "") -> Limit:
    """Return how far this run may go; `head` is the commit that is checked out, if it matters.

    A person's machine goes to `test`. In CI a pull request ends after the scan, whatever its branch
    is called, and so does a run of which no branch or tag is known, or that has another commit
    checked out than that of its branch or tag.
    """
    if run is None:
        return Limit(
            TEST,
            "A release can only be made in CI, where the variable CI is true.",
            "Run it in CI for a release branch or a version tag.",
        )
    if run.pull_request:
        return _of_a_request(run)
    if not run.branch and not run.tag:
        return Limit(
            SCAN,
            f"The CI system ({run.system}) reports no branch and no tag.",
            f"Set {OVERRIDE} to the branch, or to tag:NAME, in the settings of the CI job.",
        )
    if head and not run.override and is_commit(run.commit) and run.commit != head:
        return Limit(
            SCAN,
            f"The CI run for {run.name} is for commit {run.commit[:12]}, but {head[:12]} "
            "is checked out.",
            "Check out the commit that the CI run was started for.",
        )
    return _by_patterns(branches, run)


def _of_a_request(run: CiRun) -> Limit:
    why = f"This is a pull request ({run.name} in {run.system}); its run ends after the scan."
    if run.override:
        why += f" {OVERRIDE} does not change that."
    return Limit(SCAN, why, "Merge it: the run of the target branch can go further.")


def _by_patterns(branches: Mapping[str, str], run: CiRun) -> Limit:
    found = reach(branches, branch=run.branch, tag=run.tag)
    kind = TAG if run.tag else BRANCH
    why = f"[tool.towpath.branches] allows the {kind} {run.name!r} to go to {found}."
    if run.override:
        why += f" It was set by {OVERRIDE}."
    return Limit(found, " ".join([why, *old_forms(branches)]))


def _fits(name: str, pattern: str) -> bool:
    return fnmatch.fnmatchcase(name, pattern)
