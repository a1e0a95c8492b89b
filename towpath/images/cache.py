"""The cache of builds in the registry: one for each target and branch.

A build reads its branch's cache and the main branch's, and writes its own. Layers are kept as they
are in the image (no other compression), so that a build from the cache has the same digest.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from dataclasses import dataclass

from towpath.config.workspace import Workspace
from towpath.core import documents
from towpath.core.errors import ConfigurationError, RegistryNotFoundError
from towpath.registry import image as registries
from towpath.registry import oci_reader as oci
from towpath.registry import push_lock as guard
from towpath.registry.client import RegistryClient

PREFIX = "cache-"
MAIN = "main"
ASKED = "TOWPATH_CACHE"
# A tag has room for 128 letters.
LONGEST = 80


@dataclass(frozen=True)
class Cache:
    """What the registry holds of one target and branch; `size` in bytes, `made` is ISO 8601."""

    tag: str
    digest: str
    target: str
    branch: str
    size: int
    made: str


def wanted(workspace: Workspace) -> bool:
    """Tell whether a build uses the cache in the registry.

    TOWPATH_CACHE says it: `registry` or `none`. Otherwise it is used in CI with a registry that
    outlives the job: the cache of the engine that is there anyway is faster.
    """
    asked = workspace.config.env.get(ASKED, "")
    if asked not in ("", "registry", "none"):
        raise ConfigurationError(f"{ASKED} is {asked!r}.", why="It is 'registry' or 'none'.")
    return asked == "registry" or (
        not asked and workspace.config.in_ci and not workspace.config.images.is_loopback
    )


def tag(target: str, branch: str, part: str = "") -> str:
    """Return the tag of a cache; a branch that is no tag is told apart by its hash.

    `part` names the platform of a machine that builds no other, for it has a cache of its own.
    """
    safe = re.sub(r"[^a-zA-Z0-9_.-]", "-", branch)[:LONGEST]
    if safe != branch:
        safe += f"-{hashlib.sha256(branch.encode()).hexdigest()[:8]}"
    return f"{PREFIX}{target}{'_' + part if part else ''}-{safe}"


def options(
    workspace: Workspace, target: str, branch: str, part: str = ""
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return where a build of a target reads caches from, and where it writes its own.

    A build without a branch (a detached commit) reads the main branch's and writes none.
    """
    if not wanted(workspace):
        return (), ()
    images = workspace.config.images
    names = dict.fromkeys(name for name in (branch, MAIN) if name)
    read = tuple(f"type=registry,ref={images.tagged(tag(target, name, part))}" for name in names)
    own = images.tagged(tag(target, branch, part)) if branch else ""
    kind = "mode=max,image-manifest=true,oci-mediatypes=true,ignore-error=true"
    return read, ((f"type=registry,ref={own},{kind}",) if own else ())


def list_caches(registry: RegistryClient, branch: str = "") -> list[Cache]:
    """Return the caches of a branch, or all, the largest first."""
    found = []
    for name in registry.tags():
        target, rest = _parts(name)
        if not target or branch and name != tag(target, branch):
            continue
        try:
            found.append(_read(registry, name, target, rest))
        except RegistryNotFoundError:
            # Deleted in the meantime; some registries keep the tag a while.
            continue
    return sorted(found, key=lambda row: (-row.size, row.tag))


def show(workspace: Workspace, rows: list[Cache]) -> None:
    """Write each cache, and what all of them take: a blob that two share is counted twice."""
    workspace.terminal.table(
        f"{workspace.config.images}: cache of builds",
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
    """Show the caches of builds, of one branch or all; with `clear` and `sure` delete them."""
    registry = registries.client(workspace)
    with guard.alone(workspace):
        rows = list_caches(registry, branch)
        show(workspace, rows)
        if clear and not sure:
            workspace.terminal.say("Nothing was deleted. With --yes it is.")
        if clear and sure:
            _delete(workspace, registry, rows)


def _delete(workspace: Workspace, registry: RegistryClient, rows: list[Cache]) -> None:
    """Delete caches by digest; one that another branch shares stays, for it would go there too."""
    chosen = {row.tag for row in rows}
    others = {row.digest for row in list_caches(registry) if row.tag not in chosen}
    for digest in sorted({row.digest for row in rows}):
        if digest in others:
            workspace.terminal.warn(f"{digest} is another branch's cache too: it stays.")
            continue
        try:
            registry.delete(digest)
        except RegistryNotFoundError:
            # Gone in the meantime is what was wanted.
            continue
    workspace.terminal.say("`invoke registry.prune --yes` frees the disk of the embedded registry.")


def _parts(name: str) -> tuple[str, str]:
    """Return target and branch of a cache's tag, or two empty texts."""
    found = re.fullmatch(rf"{PREFIX}([a-z]+(?:_[a-z0-9]+)?)-(.+)", name)
    return (found[1], found[2]) if found else ("", "")


def _read(registry: RegistryClient, name: str, target: str, branch: str) -> Cache:
    manifest = registry.manifest(name)
    rows = oci.entries(manifest) if manifest.is_index else oci.layers(manifest)
    size = sum(row.size for row in rows)
    made = "" if manifest.is_index else _made(registry.blob(oci.config_of(manifest).digest))
    return Cache(name, manifest.digest, target, branch, size, made)


def _made(content: bytes) -> str:
    """Return when the newest step of a cache was built; "" where it does not say.

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
