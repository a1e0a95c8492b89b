"""The build cache in the registry: one for each target and branch.

A build reads its branch's cache and the main branch's, and writes its own. Layers keep the
compression that they have in the image, so that a build from the cache has the same digest.

Whoever may push to a registry can put any layer under the key of any step, and BuildKit believes
it: a cache is only read where the registry wanted a login, unless the settings say otherwise.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from dataclasses import dataclass

from towpath.config.workspace import Workspace
from towpath.core import documents
from towpath.core.errors import ConfigurationError, RegistryError, RegistryNotFoundError
from towpath.registry import image as registries
from towpath.registry import oci_reader as oci
from towpath.registry import push_lock
from towpath.registry.client import RegistryClient

PREFIX = "cache-"
MAIN = "main"
VARIABLE = "TOWPATH_CACHE"
# Characters of a branch in a tag, of which a registry allows 128.
LONGEST = 80


@dataclass(frozen=True)
class Cache:
    """The build cache of one target and branch; `size` is in bytes, `made` is an ISO 8601 time."""

    tag: str
    digest: str
    target: str
    branch: str
    size: int
    made: str


def is_used(workspace: Workspace) -> bool:
    """Tell whether a build uses the cache in the registry.

    TOWPATH_CACHE decides: `registry` or `none`. Without it, the cache is used in CI with a registry
    that outlives the job; elsewhere the engine's own cache is faster.
    Raises ConfigurationError for another value.
    """
    asked = workspace.config.env.get(VARIABLE, "")
    if asked not in ("", "registry", "none"):
        raise ConfigurationError(
            f"Invalid value for {VARIABLE}: {asked!r}.", why="It must be 'registry' or 'none'."
        )
    return asked == "registry" or (
        not asked and workspace.config.in_ci and not workspace.config.images.is_loopback
    )


def tag(target: str, branch: str, part: str = "") -> str:
    """Return the tag of a cache; a branch name that is not a valid tag is made unique by its hash.

    `part` is the platform of a remote builder, which has a cache of its own.
    """
    safe = re.sub(r"[^a-zA-Z0-9_.-]", "-", branch)[:LONGEST]
    if safe != branch:
        safe += f"-{hashlib.sha256(branch.encode()).hexdigest()[:8]}"
    return f"{PREFIX}{target}{'_' + part if part else ''}-{safe}"


def options(
    workspace: Workspace, target: str, branch: str, part: str = ""
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return buildx's `cache-from` and `cache-to` for a target; see `tag` for `part`.

    A build without a branch (a detached commit) reads the main branch's cache and writes none. A
    cache that is absent or that may not be trusted is not read, the latter with a warning.
    Raises ConfigurationError for an invalid TOWPATH_CACHE.
    """
    if not is_used(workspace) or workspace.config.image.registry_cache == "never":
        return (), ()
    images = workspace.config.images
    names = dict.fromkeys(tag(target, name, part) for name in (branch, MAIN) if name)
    read = tuple(
        f"type=registry,ref={images.tagged(name)}" for name in names if _is_usable(workspace, name)
    )
    own = images.tagged(tag(target, branch, part)) if branch else ""
    kind = "mode=max,image-manifest=true,oci-mediatypes=true,ignore-error=true"
    return read, ((f"type=registry,ref={own},{kind}",) if own else ())


def _is_usable(workspace: Workspace, name: str) -> bool:
    """Tell whether a cache is there and the settings trust the registry that keeps it."""
    registry = registries.client(workspace)
    try:
        registry.resolve(name)
    except RegistryError:
        return False
    if workspace.config.image.registry_cache == "always" or registry.authenticated:
        return True
    workspace.terminal.warn(
        f"Not using the build cache {registry.name(name)}: {registry.repository.registry} was"
        " accessed without a login, so that anybody could have written it. Log in, or set"
        " registry-cache in [tool.towpath.image]."
    )
    return False


def list_caches(registry: RegistryClient, branch: str = "") -> list[Cache]:
    """Return the caches of a branch, or all, the largest first; raises RegistryError."""
    caches = []
    for name in registry.tags():
        target, rest = _parts(name)
        if not target or branch and name != tag(target, branch):
            continue
        try:
            caches.append(_read(registry, name, target, rest))
        except RegistryNotFoundError:
            # Deleted meanwhile; some registries still list the tag for some time.
            continue
    return sorted(caches, key=lambda row: (-row.size, row.tag))


def show(workspace: Workspace, rows: list[Cache]) -> None:
    """Print each cache and their total size, in which a blob that two caches share counts twice."""
    workspace.terminal.table(
        f"{workspace.config.images}: build caches",
        ("tag", "target", "branch", "size", "made"),
        [
            (row.tag, row.target, row.branch, f"{row.size / 1e6:.1f} MB", row.made or "-")
            for row in rows
        ],
    )
    workspace.terminal.say(f"{len(rows)} caches, {sum(row.size for row in rows) / 1e6:.1f} MB.")


def cache(
    workspace: Workspace, *, clear: bool = False, branch: str = "", sure: bool = False
) -> None:
    """List the build caches of one branch, or all; with `clear` and `sure`, delete them.

    Raises RegistryError, and LockedError while a push to the registry runs.
    """
    registry = registries.client(workspace)
    with push_lock.alone(workspace):
        rows = list_caches(registry, branch)
        show(workspace, rows)
        if clear and not sure:
            workspace.terminal.say("Nothing was deleted. Add --yes to delete these caches.")
        if clear and sure:
            _delete(workspace, registry, rows)


def _delete(workspace: Workspace, registry: RegistryClient, rows: list[Cache]) -> None:
    """Delete caches by digest, except those that another branch shares."""
    chosen = {row.tag for row in rows}
    others = {row.digest for row in list_caches(registry) if row.tag not in chosen}
    for digest in sorted({row.digest for row in rows}):
        if digest in others:
            workspace.terminal.warn(
                f"Not deleting {digest}: it is also the cache of another branch."
            )
            continue
        try:
            registry.delete(digest)
        except RegistryNotFoundError:
            # Already deleted.
            continue
    workspace.terminal.say(
        "To free disk space in the embedded registry, run `invoke registry.prune --yes`."
    )


def _parts(name: str) -> tuple[str, str]:
    """Return target and branch of a cache's tag, or two empty strings."""
    match = re.fullmatch(rf"{PREFIX}([a-z]+(?:_[a-z0-9]+)?)-(.+)", name)
    return (match[1], match[2]) if match else ("", "")


def _read(registry: RegistryClient, name: str, target: str, branch: str) -> Cache:
    manifest = registry.manifest(name)
    rows = oci.entries(manifest) if manifest.is_index else oci.layers(manifest)
    size = sum(row.size for row in rows)
    made = "" if manifest.is_index else _made(registry.blob(oci.config_of(manifest).digest))
    return Cache(name, manifest.digest, target, branch, size, made)


def _made(content: bytes) -> str:
    """Return the time of the newest step of a cache; "" if it is unknown.

    Source: BuildKit, cache/remotecache/v1/spec.go.
    """
    try:
        records = documents.loads(content).get("records") or []
        times = [
            dt.datetime.fromisoformat(row["createdAt"][:19])
            for record in records
            for row in [*(record.get("layers") or ()), *(record.get("results") or ())]
            if row.get("createdAt")
        ]
    except (ValueError, AttributeError, KeyError, TypeError):
        return ""
    return f"{max(times).isoformat()}Z" if times else ""
