"""Whether a release may move to the next stage, and if not, why not. Pure.

One function answers for the list, the refusal and the report.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from towpath import gates, sources
from towpath.evidence import Statement, objections, originals
from towpath.gates import Status

BUILT, TEST, RELEASE = "built", "test", "release"
# Which tag a release carries before it may get the next one.
PREVIOUS = {TEST: BUILT, RELEASE: TEST}

OUTSIDE_CI = "a release is made in CI only, where the variable CI is true"

BEFORE_IMAGE = ("lint", "tests", "integration", "security")
OF_IMAGE = ("build", "scan")
NEEDED = {
    TEST: (*BEFORE_IMAGE, *OF_IMAGE),
    RELEASE: (*BEFORE_IMAGE, *OF_IMAGE, "verify"),
}
# These ask a source of advisories that may be out of reach. A test may start without their answer,
# which is then shown as unproven; a release may not.
ADVISORY = (
    "ADVISORIES_CRITICAL",
    "ADVISORIES_HIGH",
    "ADVISORIES_AGE",
    "IMAGE_CRITICAL",
    "IMAGE_HIGH",
    "IMAGE_ADVISORIES_AGE",
    "SBOM_MISSING",
)


@dataclass(frozen=True)
class Release:
    """An image in the registry, what it was made of, and the latest statement of each stage.

    `originals` are the statements about earlier commits that some of these carry, by sha256.
    """

    digest: str
    version: str
    commit: str
    tree: str
    dirty: bool
    platforms: tuple[str, ...]
    statements: Mapping[str, Statement] = field(default_factory=dict)
    originals: Mapping[str, Statement] = field(default_factory=dict)


@dataclass(frozen=True)
class Situation:
    """What is asked of a release here and now.

    `policy` is the hash in force, `platforms` are those that a release must have, `previous` is
    the digest that the tag of the stage before points at.
    """

    policy: str
    platforms: tuple[str, ...]
    previous: str = ""
    in_ci: bool = False
    # The words of waivers that accept what a release is otherwise refused for, by their ids.
    accepted: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Availability:
    """Why a release may not move, and which of its gates nobody could judge yet.

    `accepted` is what would be a reason without the waivers that it names.
    """

    reasons: tuple[str, ...] = ()
    unproven: tuple[str, ...] = ()
    accepted: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing stands against it."""
        return not self.reasons


def is_available(release: Release, stage: str, situation: Situation) -> Availability:
    """Tell whether a release may move to `test` or `release`, or every reason why not."""
    reasons = list(_of_release(release, stage, situation))
    unproven: list[str] = []
    for needed in NEEDED[stage]:
        statement = release.statements.get(needed)
        if statement is None:
            reasons.append(f"{needed}: there is no evidence")
            continue
        reasons += objections(
            statement, _subject(release, needed), situation.policy, release.originals
        )
        for gate, reason in _not_passed(statement):
            if stage == TEST and _is_unproven(gate, reason):
                unproven.append(gate)
            else:
                reasons.append(f"{needed}: {gate} {reason}")
    reasons += _of_facts(release)
    accepted: list[str] = []
    if stage == RELEASE:
        reasons += _untested(release)
        foreign, accepted = _foreign(release, situation.accepted)
        reasons += foreign
    return Availability(tuple(reasons), tuple(unproven), tuple(accepted))


def unproven(statement: Statement) -> tuple[str, ...]:
    """Return the gates that keep a stage from passing, if all of them only lack an advisory source.

    A chain may go on to `test` with these, and shows them. Anything else that did not pass makes
    the answer empty: the stage stops the chain.
    """
    rows = list(_not_passed(statement))
    found = tuple(gate for gate, reason in rows if _is_unproven(gate, reason))
    return found if len(found) == len(rows) else ()


def latest(statements: list[Statement]) -> dict[str, Statement]:
    """Return the latest statement of each stage: a later one replaces an earlier one.

    What others carry speaks of an earlier commit, and is no statement about this one.
    """
    carried = originals(statements)
    own = [row for row in statements if row.sha256 not in carried]
    ordered = sorted(own, key=lambda row: (row.started, row.attempt))
    return {row.stage: row for row in ordered}


def _of_release(release: Release, stage: str, situation: Situation) -> Iterator[str]:
    for platform in situation.platforms:
        if platform not in release.platforms:
            yield f"build: the image is not there for {platform}"
    if stage != RELEASE:
        return
    if not situation.in_ci:
        yield OUTSIDE_CI
    if release.dirty:
        yield f"{release.version} was built from files that are not committed"
    if situation.previous != release.digest:
        yield f"the tag {TEST} points at {situation.previous or 'nothing'}, not at this digest"


def _of_facts(release: Release) -> Iterator[str]:
    """Yield where the build binds the digest to another source, or verify saw another place."""
    build = release.statements.get("build")
    if build is not None:
        for name in ("commit", "tree"):
            if build.facts.get(name) != getattr(release, name):
                yield f"build: binds the digest to another {name} than the image itself names"
    verify = release.statements.get("verify")
    if verify is not None and verify.facts.get("environment") != "staging":
        yield f"verify: looked at {verify.facts.get('environment')}, not at staging"


def _untested(release: Release) -> Iterator[str]:
    """Yield each Python that is supported and was not there: a laptop may go on without it."""
    tests = release.statements.get("tests")
    for name in tests.facts.get("missing", ()) if tests is not None else ():
        yield f"tests: {name} is supported and was not tested"


def _foreign(release: Release, waived: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Return what stands against a release in whom its stages asked, and what a waiver accepts."""
    reasons, accepted = [], []
    for stage in NEEDED[RELEASE]:
        statement = release.statements.get(stage)
        for reason, waiver in sources.refusals(stage, statement.facts if statement else {}):
            if waiver in waived:
                accepted.append(f"{stage}: {waiver}, accepted: {waived[waiver]}")
            else:
                reasons.append(f"{reason} (a waiver would be of {waiver!r})")
    return reasons, accepted


def _is_unproven(gate: str, reason: str) -> bool:
    return gate in ADVISORY and reason.startswith(Status.ERRORED)


def _subject(release: Release, stage: str) -> dict[str, str]:
    """Return what a statement of this stage has to speak of."""
    if stage in BEFORE_IMAGE:
        return {"gitCommit": release.commit, "gitTree": release.tree}
    return {"sha256": release.digest.removeprefix("sha256:")}


def _not_passed(statement: Statement) -> Iterator[tuple[str, str]]:
    """Yield each gate of the stage that did not pass, with its status and why."""
    verdicts = {str(row["gate"]): row for row in statement.verdicts}
    for rule in gates.of_stage(statement.stage):
        row = verdicts.get(rule.code)
        if row is None:
            yield rule.code, "was not judged"
        elif row["status"] != Status.PASSED:
            yield rule.code, f"{row['status']}: {row['reason']}"
    if statement.status is not Status.PASSED and gates.worst(
        row["status"] for row in statement.verdicts
    ) in (Status.PASSED,):
        yield statement.stage, f"{statement.status}: {statement.reason or 'no reason given'}"
