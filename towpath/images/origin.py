"""Where an image comes from: its provenance, hung on its digest, and read again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from towpath.config.workspace import Workspace
from towpath.core.subject import Subject
from towpath.evidence import provenance
from towpath.evidence import record as stages
from towpath.evidence.provenance import Base, Provenance
from towpath.images.bake import Order, Solved
from towpath.images.wheels.record_reader import Wheel
from towpath.registry import attachments as attached
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
    """Return the provenance of one target of a build that began then, and used these wheels."""
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
        started=stages.stamp(begun),
        finished=stages.stamp(stages.now()),
        materials=(*solved.materials[target], *(row.as_dependency() for row in wheels)),
    )


def attach(workspace: Workspace, registry: RegistryClient, image: Image, made: Provenance) -> None:
    """Hang the provenance on the image, unless an earlier build of the same bytes did so."""
    if attached.artifacts(registry, image.digest, provenance.ARTIFACT_TYPE):
        return
    attached.attach(
        registry,
        image.index,
        provenance.ARTIFACT_TYPE,
        made.encode(Subject.image(workspace.config.repository, image.digest)),
        media_type=provenance.MEDIA_TYPE,
        annotations={"in-toto.io/predicate-type": provenance.PREDICATE_TYPE},
    )


def base(registry: RegistryClient, digest: str) -> Base | None:
    """Return the base of an image, as its provenance names it; None where none does."""
    held = attached.artifacts(registry, digest, provenance.ARTIFACT_TYPE)
    found = (provenance.base_of(attached.content(registry, row), digest) for row in held)
    return next((row for row in found if row is not None), None)
