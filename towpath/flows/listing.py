"""What the registry holds of the product, as tables."""

from __future__ import annotations

from towpath import promotion
from towpath.clients.registry import RegistryClient
from towpath.evidence import Statement
from towpath.flows import build, evidence, promote
from towpath.flows import registry as registries
from towpath.flows.registry import Image
from towpath.flows.session import Session
from towpath.gates import Status


def inspect(session: Session) -> None:
    """Write every tag: digest, platforms, compressed size, evidence, and where it may move next."""
    registry = registries.client(session)
    names = [name for name in registry.tags() if not name.startswith("sha256-")]
    digests = {name: registry.resolve(name) for name in names}
    seen = {
        digest: _described(session, registry, registries.image(registry, digest))
        for digest in sorted(set(digests.values()))
    }
    session.terminal.table(
        str(registry.repository),
        ("tag", "digest", "platforms", "compressed", "evidence", "may move to"),
        [(name, digests[name], *seen[digests[name]]) for name in names if name != build.ARRIVAL],
    )


def show(session: Session, reference: str) -> None:
    """Write every statement that hangs on an image, the oldest first."""
    registry = registries.client(session)
    digest = promote.resolve(registry, reference)
    session.terminal.table(
        f"Evidence of {digest}",
        ("stage", "status", "attempt", "started", "seconds", "verdicts"),
        [_row(statement) for statement in evidence.pull(registry, digest)],
    )


def _described(
    session: Session, registry: RegistryClient, image: Image
) -> tuple[str, str, str, str]:
    platforms = ", ".join(image.platforms)
    sizes = ", ".join(f"{size / 1e6:.1f} MB" for size in image.sizes.values())
    stages = promotion.latest(evidence.pull(registry, image.digest))
    held = ", ".join(
        name if row.status is Status.PASSED else f"{name} {row.status}"
        for name, row in stages.items()
    )
    return platforms, sizes, held or "none", _next(session, registry, image)


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
    )
