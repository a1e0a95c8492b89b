"""Take away what nobody needs any more: in the registry, on its disk, and in the engine.

What cannot be asked is never free to delete: an engine, a history or a piece of evidence that does
not answer ends the act before anything is deleted.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from towpath.config.workspace import Workspace
from towpath.core import documents, private
from towpath.core.errors import (
    CommandFailedError,
    ConfigurationError,
    RegistryNotFoundError,
    RegistryRefusedError,
    TowpathError,
)
from towpath.core.references import BUILT, RELEASE, TEMPORARY, TEST
from towpath.deployment import plan as rollout
from towpath.engine import garbage_collection as collection
from towpath.environments import engine_images_commands as images
from towpath.environments import engine_images_reader as reader
from towpath.environments.environment import Site
from towpath.evidence import registry as evidence
from towpath.registry import image as registries
from towpath.registry import push_lock as guard
from towpath.registry.client import RegistryClient
from towpath.retention import rules as retention
from towpath.retention.manifests import survey
from towpath.retention.rules import Decision, ManifestNode, RetentionRules

KEPT = 5
CACHE = "cache-"
# Releases that stay of an environment on another machine: what it runs, and what was before.
SEEN = 2
SHORT = len("sha256:") + 12


@dataclass(frozen=True)
class Seen:
    """What a prune found: the repository, what is decided, and what the engine may let go of."""

    nodes: Mapping[str, ManifestNode]
    decision: Decision
    images: tuple[str, ...] = ()


def prune(workspace: Workspace, *, keep: int = KEPT, sure: bool = False) -> Seen:
    """Show what would go and why the rest stays; with `sure` let it go.

    Raises LockedError while somebody pushes from this machine, CommandFailedError where something
    cannot be asked, RegistryRefusedError for a registry that deletes nothing.
    """
    if keep < 0:
        raise ConfigurationError(f"--keep is {keep}.", why="It is a number of images, from 0.")
    with guard.alone(workspace):
        found = look(workspace, keep)
        show(workspace, found)
        if not sure:
            workspace.terminal.say("Nothing was deleted. With --yes it is.")
        else:
            carry_out(workspace, found)
    return found


def look(workspace: Workspace, keep: int) -> Seen:
    """Look at everything that can need an image, and decide."""
    registry = registries.client(workspace)
    why = in_use(workspace)
    own = collection.storage(workspace.config.env, workspace.config.images)
    more = {*why, *_unfinished(workspace), *_on_disk(workspace, own)}
    nodes = survey(registry, more)
    for digest, reason in verified(registry, nodes):
        why.setdefault(digest, []).append(reason)
    rules = RetentionRules(keep, (BUILT, TEST, RELEASE), TEMPORARY, CACHE)
    decision = retention.decide(nodes, why, rules)
    return Seen(nodes, decision, _in_engine(workspace, decision, why))


def in_use(workspace: Workspace) -> dict[str, list[str]]:
    """Return why each digest is needed by an environment of this machine."""
    found: dict[str, list[str]] = {}
    for environment in workspace.config.environments.values():
        site = Site.open(workspace, environment)
        for digest, reason in _of_site(site):
            found.setdefault(digest, []).append(reason)
    return found


def _of_site(site: Site) -> Iterator[tuple[str, str]]:
    try:
        for container in site.containers():
            if container.digest:
                yield container.digest, f"runs in {site.name}"
        history = site.history.releases()
        if history:
            yield history[-1]["digest"], f"{site.name} had it last"
        if back := rollout.rollback_target(history):
            yield back["digest"], f"{site.name} rolls back to it"
        if left := rollout.unfinished(site.journal.read(), history):
            for digest in filter(None, (left.plan.digest, left.plan.previous)):
                yield digest, f"a deployment of {site.name} is open"
    except (TowpathError, KeyError, TypeError) as error:
        raise CommandFailedError(
            f"Nobody can say what {site.name} needs.",
            why=f"{error} {getattr(error, 'why', '')}".strip(),
            next_step="Nothing was deleted. Mend that and run it again.",
        ) from error


def verified(registry: RegistryClient, nodes: Mapping[str, ManifestNode]) -> list[tuple[str, str]]:
    """Return the images that environments anywhere were last seen with, as evidence says it."""
    order: dict[str, list[str]] = {}
    for environment, _, digest in sorted(_verifications(registry, nodes), reverse=True):
        if digest not in order.setdefault(environment, []):
            order[environment].append(digest)
    return [
        (digest, f"was seen in {environment}")
        for environment, digests in order.items()
        for digest in digests[:SEEN]
    ]


def _verifications(
    registry: RegistryClient, nodes: Mapping[str, ManifestNode]
) -> Iterator[tuple[str, str, str]]:
    """Yield environment, time and digest of every look at a deployment that evidence tells of."""
    hanging = {subject for node in nodes.values() for subject in node.hangs_on}
    for digest in hanging & set(nodes):
        for statement in evidence.pull(registry, digest):
            if statement.stage.startswith("verify"):
                yield str(statement.facts.get("environment", "")), statement.started, digest


def show(workspace: Workspace, found: Seen) -> None:
    """Write what stays and why, what goes, and what that frees."""
    nodes, decision = found.nodes, found.decision
    rows = [("goes", digest, "nobody needs it") for digest in decision.images]
    rows += [("stays", digest, ", ".join(why)) for digest, why in decision.kept.items()]
    workspace.terminal.table(
        str(workspace.config.images),
        ("tags", "digest", "made", "", "why"),
        [
            (_names(nodes[digest]), digest[:SHORT], nodes[digest].made[:10] or "-", word, why)
            for word, digest, why in rows
        ],
    )
    workspace.terminal.say(
        f"{len(decision.images)} images and {len(decision.parts)} parts go,"
        f" {decision.freed / 1e6:.1f} MB; {len(found.images)} images of the engine go."
    )


def carry_out(workspace: Workspace, found: Seen) -> None:
    """Delete what was decided, image by image, and free the disk where that is ours to do."""
    gone = found.decision.gone
    if gone:
        with workspace.terminal.step(f"Delete {len(gone)} manifests"):
            _delete(workspace, gone)
    # Without force: the engine refuses what a container has come to use in the meantime.
    ended = [workspace.runner.run(images.remove(name), check=False).ok for name in found.images]
    if found.images:
        workspace.terminal.say(f"{sum(ended)} of {len(ended)} images of the engine are gone.")
    if collection.storage(workspace.config.env, workspace.config.images) is None:
        workspace.terminal.say("The disk of this registry is its own to free: let it collect.")
        return
    with workspace.terminal.step("Free the disk of the registry"):
        freed = collection.collect(workspace.runner, workspace.terminal)
    workspace.terminal.say(f"{freed / 1e6:.1f} MB are free again.")


def _delete(workspace: Workspace, gone: tuple[str, ...]) -> None:
    """Delete manifests; what a killed prune left is remembered and ends with the next one."""
    registry, note = registries.client(workspace), _note(workspace)
    private.write_private(note, json.dumps(gone).encode())
    for digest in gone:
        try:
            registry.delete(digest)
        except RegistryNotFoundError:
            # Another name for the same bytes took it along.
            continue
        except RegistryRefusedError as error:
            note.unlink()
            error.next_step = (
                "Let the registry delete (distribution: storage.delete.enabled: true, or"
                " REGISTRY_STORAGE_DELETE_ENABLED=true), or delete in its own way."
            )
            raise
    note.unlink()


def _in_engine(
    workspace: Workspace, decision: Decision, why: Mapping[str, list[str]]
) -> tuple[str, ...]:
    """Return the names by which the engine has images of the product that nothing keeps."""
    listed = workspace.runner.run(images.listed(str(workspace.config.images))).stdout
    staying = {*decision.kept, *why}
    return tuple(row.name for row in reader.listed(listed) if row.digest not in staying)


def _unfinished(workspace: Workspace) -> list[str]:
    """Return what a prune that was killed had decided to delete."""
    try:
        found = documents.loads(_note(workspace).read_bytes())
    except (FileNotFoundError, ValueError):
        return []
    return [str(row) for row in found] if isinstance(found, list) else []


def _note(workspace: Workspace) -> Path:
    config = workspace.config
    name = f"{config.registry}-{config.repository}".replace("/", "-").replace(":", "-")
    return config.state / "prune" / f"{name}.json"


def _on_disk(workspace: Workspace, storage: Path | None) -> list[str]:
    """Return the manifests that only the registry's disk knows of: no name leads to them."""
    if storage is None:
        return []
    return collection.revisions(storage, workspace.config.repository)


def _names(node: ManifestNode) -> str:
    return ", ".join(node.tags) or "-"
