"""The evidence of a release in the registry: attached to the digest, read by any machine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from towpath.config.workspace import Workspace
from towpath.core import documents
from towpath.core.errors import DigestMismatchError, NothingToJudgeError, RegistryNotFoundError
from towpath.evidence import record as stages
from towpath.evidence import reused_statement
from towpath.evidence import statement as evidence
from towpath.evidence import store
from towpath.evidence.statement import Statement
from towpath.registry import attachments as attached
from towpath.registry import oci_reader as oci
from towpath.registry.client import RegistryClient
from towpath.registry.image import Image
from towpath.registry.oci_reader import Descriptor, Manifest

# Artifacts on one image, and documents in one of them: more than real evidence has.
ARTIFACTS, LAYERS = 500, 100


@dataclass(frozen=True)
class Gathered:
    """The statements attached to an image, the oldest first, and why some are unreadable."""

    statements: tuple[Statement, ...]
    problems: tuple[str, ...]


def push(registry: RegistryClient, digest: str, statements: Iterable[Statement]) -> int:
    """Attach those statements that the registry lacks, as one artifact; return how many.

    The subject of the artifact is the image index. The same statements give the same artifact. A
    stage that another machine has judged before goes on with that one's count of attempts.
    """
    rows = list(statements)
    there = list(gather(registry, digest).statements)
    fresh: dict[str, Statement] = {}
    originals = reused_statement.originals(rows)
    for row in rows:
        found = _continued(row, there) if row.sha256 not in originals else _lacking(row, there)
        if found is not None:
            fresh[found.sha256] = found
            there.append(found)
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

    Raises NothingToJudgeError if one of them cannot be read, or is about another subject.
    """
    found = gather(registry, digest)
    if found.problems:
        raise NothingToJudgeError(
            f"Cannot read the evidence of {digest}.",
            why="\n".join(found.problems),
            next_step="Find out who wrote it, and delete it from the registry.",
        )
    return list(found.statements)


def gather(registry: RegistryClient, digest: str) -> Gathered:
    """Return the evidence attached to a digest; unreadable parts are reported, not raised."""
    rows = registry.referrers(digest, evidence.ARTIFACT_TYPE)
    found: list[Statement] = []
    problems: list[str] = []
    if len(rows) > ARTIFACTS:
        problems.append(
            f"{len(rows)} evidence artifacts are attached to it; the limit is {ARTIFACTS}"
        )
    for row in rows[:ARTIFACTS]:
        try:
            found += _statements(registry, digest, row)
        except (NothingToJudgeError, DigestMismatchError, RegistryNotFoundError) as error:
            problems.append(" ".join(filter(None, (error.what, error.why))))
    found.sort(key=lambda statement: (statement.started, statement.attempt))
    return Gathered(tuple(found), tuple(problems))


def _statements(registry: RegistryClient, digest: str, row: Descriptor) -> Iterator[Statement]:
    artifact = registry.manifest(row.digest)
    _require_evidence(artifact, digest)
    for layer in oci.layers(artifact):
        if layer.media_type != evidence.MEDIA_TYPE:
            raise NothingToJudgeError(
                f"The evidence {artifact.digest} has a document with the media type "
                f"{layer.media_type[:80]}."
            )
        raw = attached.read_attachment(registry, layer, documents.BYTES)
        yield evidence.decode(raw, f"{registry.repository}@{layer.digest}")


def _require_evidence(artifact: Manifest, digest: str) -> None:
    """Raise NothingToJudgeError for an artifact that is no evidence of ours about this digest."""
    what, document = f"The evidence {artifact.digest}", artifact.document
    if oci.subject_of(artifact) != digest:
        raise NothingToJudgeError(f"{what} is attached to {digest}, but is about another image.")
    if artifact.media_type != oci.MANIFEST or artifact.is_index:
        raise NothingToJudgeError(f"{what} has the media type {artifact.media_type[:80]}.")
    if document.get("artifactType") != evidence.ARTIFACT_TYPE:
        kind = str(document.get("artifactType") or "missing")[:80]
        raise NothingToJudgeError(
            f"The registry lists {artifact.digest} as evidence, but its artifact type is {kind}."
        )
    if len(oci.layers(artifact)) > LAYERS:
        raise NothingToJudgeError(f"{what} has more than {LAYERS} documents.")


def _lacking(row: Statement, there: Iterable[Statement]) -> Statement | None:
    return None if any(row.sha256 == other.sha256 for other in there) else row


def _continued(row: Statement, there: Iterable[Statement]) -> Statement | None:
    """Return a statement as the next attempt after those that are there.

    None where it is there already, under whatever number, or where a later one is.
    """
    others = [
        other
        for other in there
        if (other.stage, other.policy, other.subject.digest)
        == (row.stage, row.policy, row.subject.digest)
    ]
    if any(_first(other) == _first(row) for other in others):
        return None
    if not others:
        return row
    last = max(others, key=lambda other: (other.attempt, other.started))
    if row.attempt > last.attempt:
        return row
    if row.started < last.started:
        return None
    return replace(row, attempt=last.attempt + 1, repeats=last.sha256)


def _first(row: Statement) -> Statement:
    return replace(row, attempt=1, repeats="")


def local(workspace: Workspace, image: Image) -> list[Statement]:
    """Return the statements on disk about this image, or about the source that it was built from.

    Those of earlier commits that some of them reuse are included.
    """
    digest = image.digest.removeprefix("sha256:")
    commit = image.label("org.opencontainers.image.revision")
    tree = image.label("dev.towpath.tree")
    folder = workspace.config.reports / "evidence"
    found = [
        stages.read_statement(workspace.config, file.stem) for file in sorted(folder.glob("*.json"))
    ]
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
    return [*reused_statement.originals([*about, *store.every(workspace.config)]).values(), *about]
