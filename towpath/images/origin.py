"""The provenance of an image: described, attached to its digest, and read back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from towpath.config.workspace import Workspace
from towpath.core.subject import Subject
from towpath.evidence import provenance, record
from towpath.evidence.provenance import Base, Provenance
from towpath.images.bake import Order, Solved
from towpath.images.wheels.record_reader import Wheel
from towpath.registry import attachments
from towpath.registry.client import RegistryClient
from towpath.registry.image import Image
from towpath.source.snapshot import SourceSnapshot


def describe_origin(
    source: SourceSnapshot,
    order: Order,
    solved: Solved,
    target: str,
    base: Base | None,
    begun: dt.datetime,
    wheels: Sequence[Wheel] = (),
) -> Provenance:
    """Return the provenance of one target; `begun` is the start of the build in UTC."""
    return Provenance(
        parameters={
            "target": target,
            "platforms": list(order.platforms),
            "arguments": dict(order.arguments),
            "version": source.version,
        },
        commit=source.commit,
        tree=source.tree,
        remote=source.remote,
        base=base,
        builder=solved.builder,
        started=record.stamp(begun),
        finished=record.stamp(record.now()),
        materials=(*solved.materials[target], *(row.as_dependency() for row in wheels)),
    )


def attach(workspace: Workspace, registry: RegistryClient, image: Image, made: Provenance) -> None:
    """Attach the provenance to the image, unless the same image already has one.

    Raises RegistryError.
    """
    if attachments.artifacts(registry, image.digest, provenance.ARTIFACT_TYPE):
        return
    attachments.attach(
        registry,
        image.index,
        provenance.ARTIFACT_TYPE,
        made.encode(Subject.image(workspace.config.repository, image.digest)),
        media_type=provenance.MEDIA_TYPE,
        annotations={"in-toto.io/predicate-type": provenance.PREDICATE_TYPE},
    )


def base(registry: RegistryClient, digest: str) -> Base | None:
    """Return the base image of an image according to its provenance; None without one.

    Raises RegistryError, and NothingToJudgeError for an unreadable provenance.
    """
    artifacts = attachments.artifacts(registry, digest, provenance.ARTIFACT_TYPE)
    bases = (provenance.base_of(attachments.content(registry, row), digest) for row in artifacts)
    return next((row for row in bases if row is not None), None)
