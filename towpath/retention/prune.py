"""Delete images that are no longer needed: in the registry, on its disk, and in the engine.

If an engine, a history or evidence cannot be read, nothing is deleted.
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
from towpath.deployment import plan
from towpath.deployment.rollback_target import rollback_target
from towpath.engine import garbage_collection as collection
from towpath.environments import engine_images_commands as images
from towpath.environments import engine_images_reader as reader
from towpath.environments.environment import Site
from towpath.evidence import registry as evidence
from towpath.registry import image as registries
from towpath.registry import push_lock
from towpath.registry.client import RegistryClient
from towpath.retention import rules as retention
from towpath.retention.manifests import survey
from towpath.retention.rules import Decision, ManifestNode, RetentionRules

DEFAULT_KEEP = 5
CACHE = "cache-"
# Releases to keep for an environment on another machine: the current and the previous one.
SEEN = 2
SHORT = len("sha256:") + 12


@dataclass(frozen=True)
class Seen:
    """The result of a prune: the repository, the decision, and images to delete from the engine."""

    nodes: Mapping[str, ManifestNode]
    decision: Decision
    images: tuple[str, ...] = ()


def prune(workspace: Workspace, *, keep: int = DEFAULT_KEEP, sure: bool = False) -> Seen:
    """Show what would be deleted and why the rest is kept; with `sure`, delete it.

    `keep` is the number of newest versions to keep. Raises LockedError during a push from this
    machine, CommandFailedError if something cannot be read, RegistryRefusedError for a registry
    without deletion, RegistryError and ConfigurationError.
    """
    if keep < 0:
        raise ConfigurationError(f"Invalid value for --keep: {keep}.", why="It must be 0 or more.")
    with push_lock.alone(workspace):
        found = look(workspace, keep)
        show(workspace, found)
        if not sure:
            workspace.terminal.say("Nothing was deleted. Add --yes to delete.")
        else:
            carry_out(workspace, found)
    return found


def look(workspace: Workspace, keep: int) -> Seen:
    """Find out which images are needed, and decide; see `prune` for the errors."""
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
    """Return why each digest is needed by an environment of this machine.

    Raises CommandFailedError if that cannot be determined.
    """
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
            yield history[-1]["digest"], f"last release of {site.name}"
        if back := rollback_target(history):
            yield back["digest"], f"rollback target of {site.name}"
        if left := plan.unfinished(site.journal.read(), history):
            for digest in filter(None, (left.plan.digest, left.plan.previous)):
                yield digest, f"unfinished deployment in {site.name}"
    except (TowpathError, KeyError, TypeError) as error:
        raise CommandFailedError(
            f"Cannot determine which images {site.name} uses.",
            why=(
                " ".join(error.lines())
                if isinstance(error, TowpathError)
                else documents.reason(error)
            ),
            next_step="Nothing was deleted. Fix the problem and run it again.",
        ) from error


def verified(registry: RegistryClient, nodes: Mapping[str, ManifestNode]) -> list[tuple[str, str]]:
    """Return the images that environments last ran, according to the evidence.

    Raises RegistryError, and NothingToJudgeError for unreadable evidence.
    """
    order: dict[str, list[str]] = {}
    for environment, _, digest in sorted(_verifications(registry, nodes), reverse=True):
        if digest not in order.setdefault(environment, []):
            order[environment].append(digest)
    return [
        (digest, f"was verified in {environment}")
        for environment, digests in order.items()
        for digest in digests[:SEEN]
    ]


def _verifications(
    registry: RegistryClient, nodes: Mapping[str, ManifestNode]
) -> Iterator[tuple[str, str, str]]:
    """Yield environment, time and digest of every verification in the evidence."""
    attached = {subject for node in nodes.values() for subject in node.attached_to}
    for digest in attached & set(nodes):
        for statement in evidence.pull(registry, digest):
            if statement.stage.startswith("verify"):
                yield str(statement.facts.get("environment", "")), statement.started, digest


def show(workspace: Workspace, seen: Seen) -> None:
    """Print what is kept and why, what would be deleted, and the freed space."""
    nodes, decision = seen.nodes, seen.decision
    rows = [("delete", digest, "not needed") for digest in decision.images]
    rows += [("keep", digest, ", ".join(why)) for digest, why in decision.kept.items()]
    workspace.terminal.table(
        str(workspace.config.images),
        ("tags", "digest", "created", "action", "reason"),
        [
            (_names(nodes[digest]), digest[:SHORT], nodes[digest].made[:10] or "-", word, why)
            for word, digest, why in rows
        ],
    )
    workspace.terminal.say(
        f"Would delete {len(decision.images)} images ({len(decision.to_delete)} manifests,"
        f" {decision.freed / 1e6:.1f} MB) from the registry and {len(seen.images)} local images."
    )


def carry_out(workspace: Workspace, seen: Seen) -> None:
    """Delete according to the decision, and free the disk of an embedded registry.

    Raises RegistryRefusedError, RegistryError and CommandFailedError.
    """
    gone = seen.decision.to_delete
    if gone:
        with workspace.terminal.step(f"Delete {len(gone)} manifests"):
            _delete(workspace, gone)
    # Without force, so that the engine keeps an image that a container uses by now.
    ended = [workspace.runner.run(images.remove(name), check=False).ok for name in seen.images]
    if seen.images:
        workspace.terminal.say(f"Deleted {sum(ended)} of {len(ended)} local images.")
    if collection.storage(workspace.config.env, workspace.config.images) is None:
        workspace.terminal.say("Run the garbage collection of this registry to free its disk.")
        return
    with workspace.terminal.step("Free disk space of the registry"):
        freed = collection.collect(workspace.runner, workspace.terminal)
    workspace.terminal.say(f"Freed {freed / 1e6:.1f} MB.")


def _delete(workspace: Workspace, gone: tuple[str, ...]) -> None:
    """Delete manifests; the next prune completes an interrupted one."""
    registry, note = registries.client(workspace), _note(workspace)
    private.write_private(note, json.dumps(gone).encode())
    for digest in gone:
        try:
            registry.delete(digest)
        except RegistryNotFoundError:
            # Already deleted under another name.
            continue
        except RegistryRefusedError as error:
            note.unlink()
            error.next_step = (
                "Enable deletion in the registry (distribution: storage.delete.enabled: true, or"
                " REGISTRY_STORAGE_DELETE_ENABLED=true), or delete with its own tools."
            )
            raise
    note.unlink()


def _in_engine(
    workspace: Workspace, decision: Decision, why: Mapping[str, list[str]]
) -> tuple[str, ...]:
    """Return the names of the product's images in the engine that are not needed."""
    listed = workspace.runner.run(images.listed(str(workspace.config.images))).stdout
    staying = {*decision.kept, *why}
    return tuple(row.name for row in reader.listed(listed) if row.digest not in staying)


def _unfinished(workspace: Workspace) -> list[str]:
    """Return the digests that an interrupted prune was deleting."""
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
    """Return the digests of manifests on the registry's disk, also untagged ones."""
    if storage is None:
        return []
    return collection.revisions(storage, workspace.config.repository)


def _names(node: ManifestNode) -> str:
    return ", ".join(node.tags) or "-"
