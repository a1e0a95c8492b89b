"""Frees the disk of the embedded registry: what no manifest needs any more.

The registry is read-only while it collects: pulls go on, and a push that comes anyway is refused
instead of losing what it sent. Source: distribution 2.8, "Garbage collection". Its own option to
delete what has no tag is never used: it takes the platforms of an index for such.
"""

from __future__ import annotations

import shutil
import signal
from collections.abc import Mapping
from pathlib import Path

from towpath.core import private
from towpath.core.errors import CommandFailedError
from towpath.core.references import Repository
from towpath.core.runner import Running
from towpath.core.terminal import Terminal
from towpath.engine import daemon, processes, recipes
from towpath.engine.layout import Layout, layout
from towpath.engine.lifecycle import alone

PROGRAM = "docker-registry"
TREE = Path("docker/registry/v2")
START, STOP = 20.0, 20.0  # seconds


def storage(env: Mapping[str, str], repository: Repository) -> Path | None:
    """Return where the embedded registry keeps a repository; None if it is in another registry."""
    own = layout(env)
    ours = own.serves(repository.registry) and daemon.running(own) is not None
    return own.state / "registry" if ours else None


def revisions(place: Path, repository: str) -> list[str]:
    """Return the digest of every manifest that a repository has on the disk."""
    rows = (place / TREE / "repositories" / repository / "_manifests/revisions").glob("*/*/link")
    return sorted(row.read_text().strip() for row in rows)


def collect(runner: Running, terminal: Terminal) -> int:
    """Free what no manifest needs, and return how many bytes that were.

    Raises CommandFailedError where the registry does not start again, with the end of its log.
    """
    own = layout(runner.env)
    place = own.state / "registry" / TREE
    _require_current(own)
    with alone(own, terminal):
        inside, before = _inside(own), usage(place / "blobs")
        private.write_private(own.collecting, "")
        try:
            _serve(own, runner, readonly=True)
            argv = [PROGRAM, "garbage-collect", str(own.run / "registry.yml")]
            runner.run([*inside, *argv])
            _tidy(place)
        finally:
            _serve(own, runner, readonly=False)
            own.collecting.unlink()
        return before - usage(place / "blobs")


def make_writable(runner: Running, terminal: Terminal) -> None:
    """Make a registry writable again that a killed command left read-only.

    Raises CommandFailedError if it does not restart.
    """
    own = layout(runner.env)
    if not own.collecting.exists():
        return
    _require_current(own)
    with alone(own, terminal):
        if own.collecting.exists():
            terminal.warn(
                "The registry was left read-only by an interrupted command; restarting it."
            )
            _serve(own, runner, readonly=False)
            own.collecting.unlink()


def _require_current(own: Layout) -> None:
    """Raise CommandFailedError for a registry that an earlier version has set up."""
    if daemon.running(own) is not None and not own.password.is_file():
        raise CommandFailedError(
            "The embedded engine was started by an earlier version.",
            why="Its registry could not be restarted with the same settings.",
            next_step="Restart it: invoke engine.down, then invoke engine.up",
        )


def usage(folder: Path) -> int:
    """Return the bytes of all files below a directory."""
    return sum(row.stat().st_size for row in folder.rglob("*") if row.is_file())


def _serve(own: Layout, runner: Running, *, readonly: bool) -> None:
    """Restart the registry with another configuration; it is unavailable for a moment."""
    config = own.run / ("registry-readonly.yml" if readonly else "registry.yml")
    private.write_private(config, recipes.registry_config(own.state, own.run, readonly=readonly))
    inside = _inside(own)
    for running in processes.inside(_first(own), PROGRAM):
        processes.end(running, signal.SIGTERM)
        if not processes.wait(running, STOP):
            processes.end(running, signal.SIGKILL)
            processes.wait(running, STOP)
    runner.spawn([*inside, PROGRAM, "serve", str(config)], log=own.log)
    if not processes.until(lambda: daemon.registry_answers(own.port), START):
        tail = "\n".join(own.log.read_text(errors="replace").splitlines()[-5:])
        raise CommandFailedError(
            "The registry did not restart.",
            why=tail or "No output.",
            next_step="invoke engine.down, then invoke engine.up",
        )


def _inside(own: Layout) -> list[str]:
    """Return what runs a command where the engine runs, so that it ends with the engine."""
    return ["nsenter", f"--target={_first(own).pid}", "--mount", "--pid"]


def _first(own: Layout) -> processes.SystemProcess:
    """Return the first process of the engine's own namespaces."""
    outer = daemon.running(own)
    found = processes.children(outer) if outer else []
    if not found:
        raise CommandFailedError(
            "The embedded engine is not running.", next_step="Start it: invoke engine.up"
        )
    return found[0]


def _tidy(place: Path) -> None:
    """Delete links to deleted blobs, which the registry's garbage collection leaves."""
    for row in (place / "repositories").rglob("_layers/sha256/*"):
        if not (place / "blobs/sha256" / row.name[:2] / row.name / "data").exists():
            shutil.rmtree(row, ignore_errors=True)
    for row in (place / "repositories").rglob("_manifests/revisions/sha256/*"):
        if not (row / "link").exists():
            shutil.rmtree(row, ignore_errors=True)
