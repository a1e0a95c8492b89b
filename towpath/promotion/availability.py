"""Whether a release may move to the next stage, and if not, why not. Pure.

One function answers for the list, the refusal and the report.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from towpath import gates
from towpath.core.references import BUILT, RELEASE, TEST
from towpath.evidence import advisory_sources as sources
from towpath.evidence import reused_statement, validity
from towpath.evidence.statement import BEFORE_IMAGE, OF_IMAGE, Statement
from towpath.evidence.validity import JudgingRules
from towpath.gates import Status, Verdict

# The tag that a release needs before it may get the next one.
PREVIOUS = {TEST: BUILT, RELEASE: TEST}

OUTSIDE_CI = "a release can only be made in CI, where the variable CI is true"

PROMOTIONS = {TEST: "promote-test", RELEASE: "promote-release"}
# The stages of evidence on an image; each environment has its own deploy and verify.
STAGES = (*BEFORE_IMAGE, *OF_IMAGE, "verify", "deploy", "performance", "watch", "monitor")
_OF_ENVIRONMENT = re.compile(r"(?:deploy|verify|hold)-[a-z0-9-]+")
HOLD = "hold-"
NEEDED = {
    TEST: (*BEFORE_IMAGE, *OF_IMAGE),
    RELEASE: (*BEFORE_IMAGE, *OF_IMAGE, "verify"),
}
# These need a source of advisories, which may be unreachable. A promotion to test may go on without
# them, and shows them as not evaluated; a promotion to release may not.
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
class PromotionCandidate:
    """An image in the registry, its source, and the latest statement of each stage.

    `originals` are the statements about earlier commits that some of these reuse, by sha256,
    `history` are all that are attached to it, and `problems` say why some cannot be read.
    """

    repository: str
    digest: str
    version: str
    commit: str
    tree: str
    dirty: bool
    platforms: tuple[str, ...]
    statements: Mapping[str, Statement] = field(default_factory=dict)
    originals: Mapping[str, Statement] = field(default_factory=dict)
    history: tuple[Statement, ...] = ()
    problems: tuple[str, ...] = ()

    def with_evidence(
        self, statements: Iterable[Statement], problems: Iterable[str] = ()
    ) -> PromotionCandidate:
        """Return the candidate with all evidence that is attached to it, readable or not."""
        rows = tuple(statements)
        return replace(
            self,
            statements=latest(rows, self.commit, self.tree),
            originals=reused_statement.originals(rows),
            history=rows,
            problems=tuple(problems),
        )


@dataclass(frozen=True)
class PromotionContext:
    """The requirements on a release here and now.

    `platforms` are those that a release must have, `previous` is the digest of the tag of the
    previous stage. With `deploying` the question is whether it may run: then its promotion must be
    in the evidence, and neither CI nor the tag matters.
    """

    rules: JudgingRules
    platforms: tuple[str, ...]
    previous: str = ""
    in_ci: bool = False
    deploying: bool = False
    # The notes of waivers that accept a reason to refuse a release, by their ids.
    accepted: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PromotionDecision:
    """Why a release may not move, and which of its gates could not be evaluated (`not_evaluated`).

    `accepted` are further reasons, which waivers accept.
    """

    reasons: tuple[str, ...] = ()
    not_evaluated: tuple[str, ...] = ()
    accepted: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether there is no reason against it."""
        return not self.reasons


def is_available(
    release: PromotionCandidate, stage: str, situation: PromotionContext
) -> PromotionDecision:
    """Tell whether a release may move to `test` or `release`, or every reason why not."""
    rules = situation.rules
    reasons = [*_of_release(release, stage, situation), *_of_evidence(release)]
    reasons += _of_holds(release, situation)
    not_evaluated: list[str] = []
    for needed in NEEDED[stage]:
        statement = release.statements.get(needed)
        if statement is None:
            reasons.append(f"{needed}: there is no evidence")
            continue
        reasons += _objections(release, statement, rules)
        for verdict, words in validity.not_passed(statement, rules):
            if stage == TEST and _lacks_an_answer(statement, verdict):
                not_evaluated.append(verdict.gate)
            else:
                reasons.append(f"{needed}: {verdict.gate} {words}")
        reasons += validity.broken(statement, rules)
    reasons += _of_facts(release)
    accepted: list[str] = []
    if stage == RELEASE:
        reasons += _untested(release)
        reasons += _of_promotion(release, rules) if situation.deploying else ()
        foreign, accepted = _foreign(release, situation.accepted)
        reasons += foreign
    return PromotionDecision(tuple(reasons), tuple(not_evaluated), tuple(accepted))


def unevaluated_gates(statement: Statement) -> tuple[str, ...]:
    """Return the gates that keep a stage from passing, if all of them only lack an advisory source.

    The pipeline may go on to `test` with these, and shows them. If anything else did not pass, the
    result is empty: the stage stops the pipeline.
    """
    rows = [row for row in statement.verdicts if row["status"] != Status.PASSED]
    found = tuple(
        str(row["gate"])
        for row in rows
        if row["gate"] in ADVISORY and row["status"] == Status.ERRORED
    )
    return found if len(found) == len(rows) else ()


def latest(statements: Iterable[Statement], commit: str, tree: str) -> dict[str, Statement]:
    """Return the latest statement of each stage: a later one replaces an earlier one.

    A statement that is reused for this commit is about an earlier commit, and does not count for
    this one. No other statement is skipped, whatever another statement refers to.
    """
    rows, here = list(statements), {"gitCommit": commit, "gitTree": tree}
    rests_on = {(row.stage, row.reuses.get("sha256")) for row in rows if row.subject.digest == here}
    own = [row for row in rows if not _is_original(row, here, rests_on)]
    ordered = sorted(own, key=lambda row: (row.started, row.attempt))
    return {row.stage: row for row in ordered}


def _is_original(
    row: Statement, here: Mapping[str, str], rests_on: set[tuple[str, str | None]]
) -> bool:
    digest = row.subject.digest
    return "gitCommit" in digest and digest != here and (row.stage, row.sha256) in rests_on


def _of_release(
    release: PromotionCandidate, stage: str, situation: PromotionContext
) -> Iterator[str]:
    yield from _of_platforms(release.platforms, situation.platforms)
    if stage != RELEASE:
        return
    moving = not situation.deploying
    if moving and not situation.in_ci:
        yield OUTSIDE_CI
    if release.dirty:
        yield f"{release.version} was built from uncommitted changes"
    if moving and situation.previous != release.digest:
        yield f"the tag {TEST} points to {situation.previous or 'no image'}, not to this digest"


def _of_holds(release: PromotionCandidate, situation: PromotionContext) -> Iterator[str]:
    """Yield where a release was undone and is on hold since; a person may deploy it by hand."""
    if situation.deploying and not situation.in_ci:
        return
    for name, statement in sorted(release.statements.items()):
        if name.startswith(HOLD) and statement.status is not Status.PASSED:
            yield (
                f"{name}: on hold since {statement.started}: {statement.reason} (a person takes it"
                f" off: invoke resume --environment={name.removeprefix(HOLD)})"
            )


def _of_platforms(there: tuple[str, ...], wanted: tuple[str, ...]) -> Iterator[str]:
    """Yield each platform that the project names and the image lacks, and the other way round."""
    for platform in wanted:
        if platform not in there:
            yield f"build: the image lacks the platform {platform}"
    for platform in there:
        if platform not in wanted:
            yield f"build: the image has the platform {platform}, which the project does not list"


def _of_evidence(release: PromotionCandidate) -> Iterator[str]:
    """Yield which evidence cannot be read, or is for an unknown stage."""
    yield from release.problems
    known = {*STAGES, *PROMOTIONS.values()}
    for name in sorted({row.stage for row in release.history}):
        if name not in known and not _OF_ENVIRONMENT.fullmatch(name):
            yield f"{name}: there is evidence for this stage, which is unknown"


def _objections(
    release: PromotionCandidate, statement: Statement, rules: JudgingRules
) -> Iterator[str]:
    """Yield why a statement is not valid for this release."""
    wanted = _subject(release, statement.stage)
    yield from validity.objections(statement, rules, wanted, release.originals)
    yield from _of_names(release, statement, wanted)
    yield from _of_attempts(release, statement)


def _of_names(
    release: PromotionCandidate, statement: Statement, wanted: Mapping[str, str]
) -> Iterator[str]:
    """Yield where a statement names another repository, or its facts another digest.

    A subject without the digests of `wanted` has been reported before.
    """
    name = statement.stage
    where = "source" if name in BEFORE_IMAGE else release.repository
    fits = wanted.items() <= statement.subject.digest.items()
    if fits and statement.subject.name != where:
        yield f"{name}: is about {statement.subject.name}, not about {where}"
    digest = statement.facts.get("digest", release.digest)
    if name not in BEFORE_IMAGE and digest != release.digest:
        yield f"{name}: its facts are about {digest}, not about this digest"


def _of_attempts(release: PromotionCandidate, statement: Statement) -> Iterator[str]:
    """Yield where another attempt of the same has this number, or a higher one."""
    name = statement.stage
    others = [row.attempt for row in release.history if _repeats(row, statement)]
    if others and max(others) == statement.attempt:
        yield f"{name}: attempt {statement.attempt} exists more than once"
    elif others and max(others) > statement.attempt:
        yield f"{name}: attempt {statement.attempt} started after attempt {max(others)}"


def _repeats(row: Statement, statement: Statement) -> bool:
    """Tell whether a statement is another attempt of the same."""
    return (
        row != statement
        and row.stage == statement.stage
        and row.policy == statement.policy
        and row.subject.digest == statement.subject.digest
    )


def _of_facts(release: PromotionCandidate) -> Iterator[str]:
    """Yield where the build names another source for the digest, or verify checked elsewhere."""
    build = release.statements.get("build")
    if build is not None:
        for name in ("commit", "tree"):
            if build.facts.get(name) != getattr(release, name):
                yield f"build: names another {name} for the digest than the image itself"
        if _made_for_a_pull_request(build):
            yield "build: the image was built for a pull request"
    verify = release.statements.get("verify")
    if verify is not None and verify.facts.get("environment") != "staging":
        yield f"verify: checked {verify.facts.get('environment')}, not staging"


def _of_promotion(release: PromotionCandidate, rules: JudgingRules) -> Iterator[str]:
    """Yield why a release was not made by a promotion: a tag alone is only a name."""
    name = PROMOTIONS[RELEASE]
    statement = release.statements.get(name)
    if statement is None:
        yield f"{name}: there is no evidence; a tag alone does not make a release"
        return
    yield from _objections(release, statement, rules)
    yield from validity.broken(statement, rules)
    if statement.facts.get("tag") != RELEASE:
        yield f"{name}: promoted the image to {statement.facts.get('tag')}, not to {RELEASE}"
    judged, there = statement.facts.get("judged"), {row.sha256 for row in release.history}
    for needed in NEEDED[RELEASE]:
        if not isinstance(judged, Mapping) or judged.get(needed) not in there:
            yield f"{name}: relies on a statement of {needed} that is missing"


def _made_for_a_pull_request(build: Statement) -> bool:
    run = build.facts.get("run")
    return isinstance(run, Mapping) and bool(run.get("pull_request"))


def _untested(release: PromotionCandidate) -> Iterator[str]:
    """Yield each supported Python that was not tested; only a release needs all."""
    tests = release.statements.get("tests")
    missing = tests.facts.get("missing", ()) if tests is not None else ()
    if not isinstance(missing, list | tuple):
        yield "tests: the fact missing is not a list"
        return
    for name in missing:
        yield f"tests: {name} is supported but was not tested"


def _lacks_an_answer(statement: Statement, verdict: Verdict) -> bool:
    """Tell whether a gate lacks the answer of a source of advisories, and nothing else."""
    recorded = {row.get("gate"): row.get("status") for row in statement.verdicts}
    return (
        verdict.gate in ADVISORY
        and verdict.status is Status.ERRORED
        and statement.facts.get(gates.gate(verdict.gate).fact) is None
        and recorded.get(verdict.gate) == Status.ERRORED
    )


def _foreign(release: PromotionCandidate, waived: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Return the objections to sources and excluded tests, and those that a waiver accepts."""
    reasons, accepted = [], []
    for stage in NEEDED[RELEASE]:
        statement = release.statements.get(stage)
        for reason, waiver in sources.refusals(stage, statement.facts if statement else {}):
            if waiver in waived:
                accepted.append(f"{stage}: {waiver}, accepted: {waived[waiver]}")
            else:
                reasons.append(f"{reason} (to accept it, add a waiver with the id {waiver!r})")
    return reasons, accepted


def _subject(release: PromotionCandidate, stage: str) -> dict[str, str]:
    """Return the subject that a statement of this stage must have."""
    if stage in BEFORE_IMAGE:
        return {"gitCommit": release.commit, "gitTree": release.tree}
    return {"sha256": release.digest.removeprefix("sha256:")}
