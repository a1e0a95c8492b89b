"""The build cache of the embedded engine where it is damaged: with it dockerd does not start.

BuildKit opens its databases when dockerd starts, and reads their pages at a build. A damaged one
ends the whole engine. A cache costs time and nothing else, so that it may be deleted.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from towpath.core.errors import CommandFailedError
from towpath.core.runner import Running
from towpath.core.terminal import Terminal
from towpath.engine import directories
from towpath.engine.layout import Layout

READ = 1 << 20  # bytes at the end of a log in which the reason is
DATABASE, BUILDER = "go.etcd.io/bbolt", "github.com/moby/buildkit/"
_PANIC = re.compile(r"^(?:panic: |fatal error: |unexpected fault address )", re.M)
# etcd-io/bbolt, errors.go and db.go: what opening a damaged file ends with.
_INVALID = re.compile(
    r"(?:^|: )(?:invalid database|version mismatch|checksum error|file size too small \d+)$", re.M
)
# moby/buildkit, identity: a record of the cache, and of its compressed variants. A container's
# lease has the 64 digits of its name, and a pull's ends by itself.
_LEASE = re.compile(r"[0-9a-z]{25}(?:-variants)?")


def is_damaged(log: str) -> bool:
    """Tell whether dockerd ended because a database of its build cache cannot be read."""
    panic = _PANIC.search(log)
    if panic is None:
        return bool(_INVALID.search(log))
    stack = log[panic.start() :]
    return DATABASE in stack and BUILDER in stack


def start(
    own: Layout, root: Path, act: Callable[[], None], runner: Running, terminal: Terminal
) -> None:
    """Start the engine by `act`, without its build cache where that is what keeps it from starting.

    `root` is the engine's Debian. The cache of an engine that a build has ended is deleted first:
    the next build would end it again. Raises what `act` raises; then the cache is as it was.
    """
    if not is_damaged(_read(own.log)):
        try:
            act()
            return
        except CommandFailedError:
            if not own.build_cache.is_dir() or not is_damaged(_read(own.log)):
                raise
    terminal.warn("The engine's build cache is damaged and is deleted: the next build takes longer")
    _start_without(own, root, act, runner)


def _start_without(own: Layout, root: Path, act: Callable[[], None], runner: Running) -> None:
    aside = own.build_cache.with_name("buildkit.damaged")
    if aside.is_dir():
        directories.delete(aside, runner)
    if own.build_cache.is_dir():
        own.build_cache.rename(aside)
    try:
        act()
    except BaseException:
        if aside.is_dir():
            if own.build_cache.is_dir():
                directories.delete(own.build_cache, runner)
            aside.rename(own.build_cache)
        raise
    if aside.is_dir():
        directories.delete(aside, runner)
        _release(own, root, runner)


def _release(own: Layout, root: Path, runner: Running) -> None:
    """Let containerd collect what only the deleted cache has used; else it would stay for ever."""
    leases = [
        str(root / "usr/bin/ctr"),
        f"--address={own.containerd}",
        "--namespace=moby",
        "leases",
    ]
    listed = runner.run([*leases, "ls", "--quiet"], check=False)
    if found := [name for name in listed.stdout.split() if _LEASE.fullmatch(name)]:
        runner.run([*leases, "rm", *found], check=False)


def _read(log: Path) -> str:
    """Return the end of a log; nothing where there is none."""
    try:
        with log.open("rb") as stream:
            stream.seek(max(0, log.stat().st_size - READ))
            return stream.read().decode(errors="replace")
    except OSError:
        return ""
