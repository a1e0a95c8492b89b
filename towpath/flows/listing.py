"""What the registry holds of the product, as tables."""

from __future__ import annotations

from collections.abc import Mapping

from towpath import promotion
from towpath.clients.registry import RegistryClient
from towpath.evidence import Statement
from towpath.flows import bake, evidence, promote
from towpath.flows import registry as registries
from towpath.flows.registry import Image
from towpath.flows.session import Session
from towpath.gates import Status

SHORT = len("sha256:") + 12


def inspect(session: Session) -> None:
    """Write every tag: digest, platforms, compressed size, evidence, and where it may move next."""
    registry = registries.client(session)
    hidden = ("sha256-", bake.ARRIVAL)
    names = [name for name in registry.tags() if not name.startswith(hidden)]
    digests = {name: registry.resolve(name) for name in names}
    seen = {
        digest: _described(session, registry, registries.image(registry, digest))
        for digest in sorted(set(digests.values()))
    }
    session.terminal.table(
        str(registry.repository),
        ("tag", "digest", "platforms", "compressed", "evidence", "may move to"),
        [(name, digests[name][:SHORT], *seen[digests[name]]) for name in names],
    )
    for name, digest in digests.items():
        session.terminal.data(f"{name} {session.config.images.at(digest)}")


def show(session: Session, reference: str) -> None:
    """Write every statement that hangs on an image, the oldest first."""
    registry = registries.client(session)
    digest = promote.resolve(registry, reference)
    session.terminal.table(
        f"Evidence of {digest}",
        ("stage", "status", "attempt", "started", "seconds", "verdicts", "carried from"),
        [_row(statement) for statement in evidence.pull(registry, digest)],
    )


def _described(
    session: Session, registry: RegistryClient, image: Image
) -> tuple[str, str, str, str]:
    platforms = ", ".join(image.platforms)
    sizes = ", ".join(f"{size / 1e6:.1f} MB" for size in image.sizes.values())
    held = promotion.latest(evidence.pull(registry, image.digest))
    return platforms, sizes, _counted(held), _next(session, registry, image)


def _counted(held: Mapping[str, Statement]) -> str:
    """Return how many stages passed, and each that did not by its name."""
    others = [f"{name} {row.status}" for name, row in held.items() if row.status != Status.PASSED]
    passed = len(held) - len(others)
    return ", ".join([f"{passed} passed", *others]) if held else "none"


def _next(session: Session, registry: RegistryClient, image: Image) -> str:
    """Return the stages that the image may move to, by the very rule that a promotion obeys."""
    answers = {
        stage: promote.assess(session, registry, stage, image).availability
        for stage in promotion.NEEDED
    }
    return ", ".join(stage for stage, answer in answers.items() if answer.ok) or "-"


def _row(statement: Statement) -> tuple[str, ...]:
    verdicts = ", ".join(f"{row['gate']} {row['status']}" for row in statement.verdicts)
    return (
        statement.stage,
        str(statement.status),
        str(statement.attempt),
        statement.started,
        f"{statement.duration:.1f}",
        verdicts or statement.reason,
        statement.carries.get("gitCommit", "")[:7],
    )
