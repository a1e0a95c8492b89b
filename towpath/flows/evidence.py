"""The evidence of a release in the registry: attached to the digest, read by any machine."""

from __future__ import annotations

from collections.abc import Iterable

from towpath import evidence
from towpath.clients.registry import RegistryClient
from towpath.errors import NothingToJudgeError
from towpath.evidence import Statement
from towpath.flows import shelf, stages
from towpath.flows.registry import Image
from towpath.flows.session import Session
from towpath.readers import oci


def push(registry: RegistryClient, digest: str, statements: Iterable[Statement]) -> int:
    """Attach those statements that the registry lacks, as one artifact; return how many.

    The subject of the artifact is the image index. The same statements give the same artifact.
    """
    held = {statement.sha256 for statement in pull(registry, digest)}
    fresh = {row.sha256: row for row in statements if row.sha256 not in held}
    if not fresh:
        return 0
    registry.put_blob(oci.EMPTY, oci.EMPTY_TYPE)
    blobs = [registry.put_blob(row.encode(), evidence.MEDIA_TYPE) for row in fresh.values()]
    subject = registry.manifest(digest).descriptor
    stages_ = ",".join(sorted({row.stage for row in fresh.values()}))
    artifact = oci.artifact(evidence.ARTIFACT_TYPE, subject, blobs, {"dev.towpath.stages": stages_})
    registry.attach(digest, artifact)
    return len(fresh)


def pull(registry: RegistryClient, digest: str) -> list[Statement]:
    """Return every statement attached to a digest, the oldest first.

    Raises NothingToJudgeError for an artifact that speaks of another subject than it hangs on.
    """
    found: list[Statement] = []
    for row in registry.referrers(digest, evidence.ARTIFACT_TYPE):
        artifact = registry.manifest(row.digest)
        if oci.subject_of(artifact) != digest:
            raise NothingToJudgeError(
                f"The evidence {row.digest} hangs on {digest} and speaks of another image."
            )
        found += [
            evidence.decode(registry.content(layer), f"{registry.repository}@{layer.digest}")
            for layer in oci.layers(artifact)
        ]
    return sorted(found, key=lambda statement: (statement.started, statement.attempt))


def local(session: Session, image: Image) -> list[Statement]:
    """Return the statements on disk that speak of this image, or of the source it was made of.

    Those of earlier commits that some of them carry come with them.
    """
    digest = image.digest.removeprefix("sha256:")
    commit = image.label("org.opencontainers.image.revision")
    tree = image.label("dev.towpath.tree")
    folder = session.config.reports / "evidence"
    found = [stages.read(session.config, file.stem) for file in sorted(folder.glob("*.json"))]
    about = [
        row
        for row in found
        if row is not None
        and (
            row.subject.digest.get("sha256") == digest
            or (row.subject.digest.get("gitCommit"), row.subject.digest.get("gitTree"))
            == (commit, tree)
        )
    ]
    return [*evidence.originals([*about, *shelf.every(session.config)]).values(), *about]
