"""Tables of the images of the product in the registry."""

from __future__ import annotations

import datetime as dt

from towpath.config.workspace import Workspace
from towpath.core.errors import NothingToJudgeError
from towpath.core.references import TEMPORARY
from towpath.evidence import record as stages
from towpath.evidence import registry as evidence
from towpath.evidence import validity
from towpath.evidence.reused_statement import originals
from towpath.evidence.statement import Statement
from towpath.evidence.validity import JudgingRules
from towpath.gates import Status
from towpath.promotion import availability as promotion
from towpath.promotion import promote
from towpath.promotion.availability import PromotionCandidate
from towpath.registry import image as registries
from towpath.registry.client import RegistryClient
from towpath.registry.image import Image

SHORT = len("sha256:") + 12
HIDDEN = ("sha256-", TEMPORARY)
# Names of the artifact types of SBOMs.
SBOMS = {"spdx": "SPDX", "cyclonedx": "CycloneDX"}
AGES = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def tags(workspace: Workspace) -> None:
    """Write every tag with its image, except internal tags of the registry."""
    registry = registries.client(workspace)
    for name, digest in _digests(registry).items():
        workspace.terminal.data(f"{name} {workspace.config.images.at(digest)}")


def inspect(workspace: Workspace) -> None:
    """Write every tag: digest, platforms, compressed size, age, attachments, next stages.

    Raises RegistryError if the registry cannot be read, and NothingToJudgeError for an image that
    is not as expected.
    """
    registry = registries.client(workspace)
    digests = _digests(registry)
    seen = {
        digest: _described(workspace, registry, registries.image(registry, digest))
        for digest in sorted(set(digests.values()))
    }
    workspace.terminal.table(
        str(registry.repository),
        ("tag", "digest", "platforms", "compressed", "age", "evidence", "SBOM", "can move to"),
        [(name, digest[:SHORT], *seen[digest]) for name, digest in digests.items()],
    )
    for name, digest in digests.items():
        workspace.terminal.data(f"{name} {workspace.config.images.at(digest)}")


def show(workspace: Workspace, reference: str) -> None:
    """Write all statements attached to an image, the oldest first, evaluated by local policy.

    Raises PromotionRefusedError for an image that does not exist, and ConfigurationError for an
    invalid digest.
    """
    registry = registries.client(workspace)
    digest = promote.resolve(registry, reference)
    found, rules = evidence.gather(registry, digest), stages.rules(workspace.config)
    rest = originals(found.statements)
    against = [validity.objections(row, rules, None, rest) for row in found.statements]
    workspace.terminal.table(
        f"Evidence of {digest}",
        (
            "stage",
            "status",
            "attempt",
            "started",
            "seconds",
            "verdicts",
            "reused from",
            "valid",
        ),
        [
            (*_row(row, rules), "no" if why else "yes")
            for row, why in zip(found.statements, against, strict=True)
        ],
    )
    for problem in (*found.problems, *(why for rows in against for why in rows)):
        workspace.terminal.warn(problem)


def _digests(registry: RegistryClient) -> dict[str, str]:
    names = [name for name in registry.tags() if not name.startswith(HIDDEN)]
    return {name: registry.resolve(name) for name in names}


def _described(workspace: Workspace, registry: RegistryClient, image: Image) -> tuple[str, ...]:
    release = promote.describe(registry, image)
    return (
        ", ".join(image.platforms),
        ", ".join(f"{size / 1e6:.1f} MB" for size in image.sizes.values()),
        _age(image, stages.now()),
        _counted(release),
        _sboms(registry, image),
        _next(workspace, registry, image, release),
    )


def _age(image: Image, now: dt.datetime) -> str:
    """Return how old the commit is that an image was made of, in the largest unit that fits."""
    try:
        made = dt.datetime.fromisoformat(image.label("org.opencontainers.image.created"))
        seconds = max(1, int((now - made).total_seconds()))
    except (NothingToJudgeError, ValueError, TypeError):
        return "-"
    return next(f"{seconds // unit} {name}" for unit, name in AGES if seconds >= unit)


def _sboms(registry: RegistryClient, image: Image) -> str:
    """Return the kinds of SBOM attached to an image or its platforms, and how many of each."""
    subjects = {image.digest, *(part.manifest.digest for part in image.platforms.values())}
    kinds = [row.artifact_type for subject in subjects for row in registry.referrers(subject)]
    found = {name: sum(word in kind for kind in kinds) for word, name in SBOMS.items()}
    return ", ".join(f"{count} {name}" for name, count in found.items() if count) or "-"


def _counted(release: PromotionCandidate) -> str:
    """Return how many stages passed, the names of the others, and how many are unreadable."""
    rows = release.statements
    others = [f"{name} {row.status}" for name, row in rows.items() if row.status != Status.PASSED]
    passed = len(rows) - len(others)
    unread = [f"{len(release.problems)} unreadable"] if release.problems else []
    return ", ".join([f"{passed} passed", *others, *unread]) if rows or unread else "none"


def _next(
    workspace: Workspace, registry: RegistryClient, image: Image, release: PromotionCandidate
) -> str:
    """Return the stages that the image may move to, by the rule of a promotion."""
    answers = {
        stage: promote.assess(workspace, registry, stage, image, described=release).availability
        for stage in promotion.NEEDED
    }
    return ", ".join(stage for stage, answer in answers.items() if answer.ok) or "-"


def _row(statement: Statement, rules: JudgingRules) -> tuple[str, ...]:
    found = validity.verdicts(statement, rules)
    verdicts = ", ".join(f"{row.gate} {row.status}" for row in found)
    return (
        statement.stage,
        str(statement.status),
        str(statement.attempt),
        statement.started,
        f"{statement.duration:.1f}",
        verdicts or statement.reason,
        statement.reuses.get("gitCommit", "")[:7],
    )
