"""Starts and stops the embedded engine, and shows its state."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from towpath.core import locks, private
from towpath.core.errors import ConfigurationError, EngineAbsentError
from towpath.core.runner import Running
from towpath.core.terminal import Terminal
from towpath.engine import assembly, build_cache, clients, daemon, directories, machine
from towpath.engine.discover import DiscoveredEngine, Probe, answers, find, require_reachable
from towpath.engine.layout import Layout, layout


def up(runner: Running, terminal: Terminal, probe: Probe = answers) -> dict[str, str]:
    """Make sure that an engine answers, and return what commands need to talk to it.

    A host's engine is used as it is. Raises EngineAbsentError where none answers and none can be
    brought up, ConfigurationError for a taken port, CommandFailedError for a step that failed.
    """
    own = layout(runner.env)
    found = find(runner.env, probe)
    if found.kind == "host":
        require_reachable(found.endpoint)
    if _usable(found, own):
        if found.kind == "embedded":
            _renew_clients(own, runner, terminal)
        return dict(found.environment)
    if found.kind == "none" and found.by and found.endpoint != own.host:
        raise EngineAbsentError(
            f"The Docker engine at {found.endpoint} does not answer.",
            why=f"It is configured by {found.by}.",
            next_step=(
                "Start that engine, or unset DOCKER_HOST to use the embedded engine."
                if found.by == "DOCKER_HOST"
                else "Start that engine, or set DOCKER_CONTEXT=default to use the embedded "
                "engine."
            ),
        )
    this = machine.look()
    machine.require(this)
    with alone(own, terminal):
        _bring_up(own, assembly.recipe(this), runner, terminal)
    return own.environment(runner.env)


def _renew_clients(own: Layout, runner: Running, terminal: Terminal) -> None:
    if not own.password.is_file():
        terminal.warn(
            "The embedded engine was started by an earlier version: every user of this machine can"
            " push to its registry. Restart it: invoke engine.down, then invoke engine.up"
        )
    else:
        clients.write_config(own, runner.env)


def _usable(found: DiscoveredEngine, own: Layout) -> bool:
    if found.kind == "embedded":
        return assembly.images_complete(own) and daemon.registry_answers(own.port)
    return found.kind == "host"


def _bring_up(own: Layout, made: assembly.Recipe, runner: Running, terminal: Terminal) -> None:
    if daemon.running(own) is not None and not daemon.ready(own):
        terminal.say("The embedded engine is running but does not answer; restarting it.")
        daemon.stop(own)
    started = daemon.running(own) is not None
    if started and assembly.images_complete(own):
        return
    with terminal.step("engine: download and unpack Debian"):
        machine.install_tools(runner)
        assembly.unpack(own, made, runner)
    if not started:
        with terminal.step("engine: start dockerd and the registry"):
            root = own.root(made.root)
            start = partial(daemon.start, own, root, made.foreign, runner)
            build_cache.start(own, root, start, runner, terminal)
    if not assembly.images_current(own, made):
        with terminal.step("engine: build the base images"):
            assembly.build(own, made, runner)


def down(runner: Running, terminal: Terminal, *, purge: bool = False) -> None:
    """Stop the embedded engine with everything in it; with `purge` delete its files."""
    own = layout(runner.env)
    if not own.state.is_dir():
        terminal.say("There is no embedded engine on this machine.")
        return
    machine.require(machine.look())
    with alone(own, terminal):
        if daemon.stop(own):
            terminal.say("Stopped the embedded engine.")
        else:
            terminal.say("The embedded engine was not running.")
        if purge:
            _purge(own, runner)
            terminal.say(f"Deleted the engine's files in {own.state}.")


def _purge(own: Layout, runner: Running) -> None:
    # The lock stays: another command may be waiting for this very file.
    for path in own.state.iterdir():
        if path.is_dir():
            directories.delete(path, runner)
        elif path != own.lock:
            path.unlink()


def status(runner: Running, terminal: Terminal) -> None:
    """Show which engine commands would use, and the state of the embedded one."""
    own = layout(runner.env)
    found = find(runner.env)
    outer = daemon.running(own)
    kept = sorted(path.name for path in own.state.glob("root-*") if not path.suffix)
    rows = [
        ["engine", found.kind, found.endpoint],
        ["embedded", f"pid {outer.pid}" if outer else "not running", own.host],
        ["registry", "answers" if daemon.registry_answers(own.port) else "none", own.registry],
        [
            "base images",
            "complete" if assembly.images_complete(own) else "not built",
            str(own.state),
        ],
        ["root", ", ".join(kept) or "not built", str(own.state)],
    ]
    terminal.table("Docker engine", ["", "state", "where"], rows)


@contextmanager
def alone(own: Layout, terminal: Terminal) -> Iterator[None]:
    """Hold the engine's lock; a second `up` waits for the first.

    Raises ConfigurationError if the engine cannot store its files.
    """
    try:
        private.sole_directory(own.state)
        lock = locks.Lock(own.lock)
    except OSError as error:
        raise ConfigurationError(
            f"The engine cannot store its files in {own.state}.",
            why=str(error),
            next_step="Set TOWPATH_ENGINE_DIR to a directory with 5 GB of free space.",
        ) from error
    waiting = "Waiting for another command that is working on the engine."
    with lock:
        lock.alone(busy=lambda: terminal.say(waiting))
        yield
