"""Provide wheels for dependencies without one: built once from the pinned source, and stored.

The package index is not queried while every dependency has a wheel: only a build that fails for a
missing wheel looks up which are missing. Wheels are stored in the registry by package, version,
platform and base image, for the next build and other machines.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from towpath.config.workspace import Workspace
from towpath.core import environment, private
from towpath.core.errors import RegistryError, RegistryNotFoundError
from towpath.core.references import PLATFORMS, architecture
from towpath.engine import docker_commands as docker
from towpath.images import bake, remote_builders
from towpath.images.bake import Order
from towpath.images.builders_reader import native
from towpath.images.buildx import BuildFailedError
from towpath.images.wheels import record_reader as records
from towpath.images.wheels import registry as registries
from towpath.images.wheels import sources, store
from towpath.images.wheels import wheels_commands as commands
from towpath.images.wheels import wheels_reader as reader
from towpath.images.wheels.build import WheelBuilder
from towpath.images.wheels.record_reader import Wheel, WheelRecord
from towpath.images.wheels.wheels_reader import Pinned, WheelSource
from towpath.rendering import files

T = TypeVar("T")

# The exit code of docker/dependencies/install.sh where a dependency has no wheel.
NO_WHEEL = 86
PINS = ("production.txt", "test.txt")
# What a Dockerfile has that takes the wheels which were built for it.
STAGE = "wheels"


@dataclass(frozen=True)
class ProvidedWheels:
    """The wheels of one build, the base image they were built for, and their directory.

    `is_published` tells whether the registry has a record of them for exactly these pins.
    """

    base: str = ""
    wheels: tuple[Wheel, ...] = ()
    folder: Path | None = None
    is_published: bool = False

    def order(self, order: Order) -> Order:
        """Return the order with the directory of these wheels."""
        return replace(order, wheels=str(self.folder)) if self.folder else order


def provided(
    workspace: Workspace, order: Order, act: Callable[[Order], T], base_of: Callable[[T], str]
) -> tuple[T, ProvidedWheels]:
    """Do what needs the dependencies, with the wheels that are kept, and make those that lack.

    Returns what `act` returned and the wheels that it used; where `base_of` that is another base
    than those wheels were made for, they are made anew and it is done again. Raises what `act`
    raises, unless a command of the build ended with NO_WHEEL.
    """
    kept = _kept(workspace, order)
    try:
        done = act(kept.order(order))
    except BuildFailedError as error:
        if NO_WHEEL not in error.exit_codes:
            raise
    else:
        if not kept.wheels:
            _note_none(workspace, order)
            return done, kept
        if base_of(done) in ("", kept.base):
            _remember(workspace, order, kept)
            return done, kept
    with workspace.terminal.step("Build missing wheels"):
        made = _made(workspace, order)
    return act(made.order(order)), made


def _kept(workspace: Workspace, order: Order) -> ProvidedWheels:
    """Return the stored wheels for exactly these pins, or their sources, here or in the registry.

    Raises NothingToJudgeError for an invalid record; nothing is written then.
    """
    name, pins = _name(workspace, order), _allowed(workspace, order)
    exact = registries.local(workspace, name) or registries.remote(workspace, name)
    record = exact or sources.find(workspace, pins)
    if record is None or not record.wheels:
        return ProvidedWheels()
    record = _still_missing(workspace, order, record, pins, is_exact=exact is not None)
    if not record.wheels:
        return ProvidedWheels()
    record = _with_pins(record, pins)
    try:
        wheels = tuple(row.reused for row in record.wheels)
        published = exact is not None and bool(exact.registry)
        return ProvidedWheels(record.base, wheels, _laid_out(workspace, order, wheels), published)
    except RegistryNotFoundError as error:
        workspace.terminal.warn(f"A stored wheel is not available: {error}")
        return ProvidedWheels()


def _still_missing(
    workspace: Workspace,
    order: Order,
    record: WheelRecord,
    pins: dict[Pinned, frozenset[str]],
    *,
    is_exact: bool,
) -> WheelRecord:
    """Return a record without the wheels that the package index has.

    Raises NothingToJudgeError for such a wheel if the record is for exactly these pins.
    """
    missing = _looked_up(workspace, order, record, pins)
    if missing is None:
        return record
    if is_exact:
        records.require_missing(record, missing)
        return record
    # The record is for other pins; these may have wheels in the index.
    return records.only_missing(record, missing)


def _looked_up(
    workspace: Workspace, order: Order, record: WheelRecord, pins: dict[Pinned, frozenset[str]]
) -> dict[WheelSource, tuple[str, ...]] | None:
    """Return the pins without a wheel in the index; None if that was looked up before.

    It was for wheels that this machine built or verified for exactly these hashes. Raises
    NothingToJudgeError if a record has a wheel that is not pinned.
    """
    python = store.python_of(workspace)
    records.require_pinned(record, pins, python)
    if not record.registry and all(
        row.pinned == reader.digest(pins[row.pin]) for row in record.wheels
    ):
        return None
    platforms = tuple(dict.fromkeys(row.platform for row in record.wheels))
    return _missing(workspace, _pins(workspace, order), platforms, python)


def _with_pins(record: WheelRecord, pins: dict[Pinned, frozenset[str]]) -> WheelRecord:
    """Return a record with the hashes of the pins for which its wheels were missing."""
    rows = (replace(row, pinned=reader.digest(pins[row.pin])) for row in record.wheels)
    return replace(record, wheels=tuple(rows))


def _made(workspace: Workspace, order: Order) -> ProvidedWheels:
    """Build the missing wheels, store them, and return them."""
    base = bake.base(workspace, order)
    own = native(workspace.runner.run(docker.info()).stdout)
    platforms = tuple(dict.fromkeys((*order.platforms, own)))
    python = store.python_of(workspace)
    rows = _missing(workspace, _pins(workspace, order), platforms, python)
    if not rows:
        return ProvidedWheels(base)
    with remote_builders.ready_builders(workspace, platforms) as builders:
        wheels = tuple(sorted(WheelBuilder(workspace, base, own, builders).all(rows)))
    record = _with_pins(WheelRecord(base, wheels), _allowed(workspace, order))
    made = ProvidedWheels(base, record.wheels, _laid_out(workspace, order, record.wheels))
    _remember(workspace, order, made)
    return made


def _remember(workspace: Workspace, order: Order, provided: ProvidedWheels) -> None:
    """Store which wheels these pins need, unless that is known, and the wheels for other pins."""
    name = _name(workspace, order)
    record = WheelRecord(provided.base, provided.wheels)
    known = registries.local(workspace, name)
    if known is None or known.base != provided.base or not known.wheels:
        registries.remember(workspace, name, record)
        try:
            if not provided.is_published:
                registries.publish(workspace, name, record)
        except RegistryError as error:
            workspace.terminal.warn(
                f"Cannot publish the record of the wheels to the registry: {error}"
            )
    sources.add(workspace, record)


def _note_none(workspace: Workspace, order: Order) -> None:
    """Record on this machine only that these pins need no wheel, unless there is a record.

    The index and the registry are then not queried for them again.
    """
    name = _name(workspace, order)
    if registries.local(workspace, name) is None:
        registries.remember(workspace, name, WheelRecord("", ()))


def _missing(
    workspace: Workspace, names: Sequence[str], platforms: Sequence[str], python: str
) -> dict[WheelSource, tuple[str, ...]]:
    """Return the sources without a wheel, with their platforms; raises CommandFailedError.

    `names` are requirements files. The platforms have to include the engine's own, on which the
    build collects static files.
    """
    found: dict[WheelSource, tuple[str, ...]] = {}
    lock = workspace.config.reports / "build" / "pylock.toml"
    lock.parent.mkdir(parents=True, exist_ok=True)
    for name in names:
        file = _file(workspace, name)
        env = environment.of_installers(workspace.config.env)
        workspace.runner.run(commands.lock(sys.executable, str(file), python, str(lock)), env=env)
        for platform in platforms:
            known = lock.read_text(), file.read_text()
            for row in reader.without_wheel(*known, python, architecture(platform)):
                found[row] = tuple(dict.fromkeys((*found.get(row, ()), platform)))
    return found


def _laid_out(workspace: Workspace, order: Order, wheels: Sequence[Wheel]) -> Path:
    """Write wheels and pins as the Dockerfile expects them: a directory for each architecture.

    All wheels are checked before the first is written. Raises RegistryNotFoundError if a wheel is
    not available, and NothingToJudgeError for an invalid one.
    """
    contents = store.contents(workspace, wheels)
    directories: dict[str, dict[str, bytes]] = {}
    for platform in PLATFORMS:
        mine = [row for row in wheels if row.platform == platform]
        made = {row.pin: row.sha256 for row in mine}
        rows = {row.file: contents[row.sha256] for row in mine}
        for name in PINS if mine else ():
            if name in files.build_files(workspace).pins:
                text = _file(workspace, name).read_text()
                rows[name] = reader.with_made(text, made).encode()
        directories[architecture(platform)] = rows
    parts = ("build", "wheels", _key(workspace, order)[:16])
    reports = workspace.config.reports
    return private.fill(reports.parent, (reports.name, *parts), directories)


def _allowed(workspace: Workspace, order: Order) -> dict[Pinned, frozenset[str]]:
    """Return the hashes that each pin of a build allows."""
    found: dict[Pinned, frozenset[str]] = {}
    for file in _files(workspace, order):
        for pin, hashes in reader.pins(file.read_text()).items():
            found[pin] = found.get(pin, frozenset()) | hashes
    return found


def _pins(workspace: Workspace, order: Order) -> tuple[str, ...]:
    known = files.build_files(workspace).pins
    wanted = PINS if "testing" in order.targets else PINS[:1]
    return tuple(name for name in wanted if name in known)


def _files(workspace: Workspace, order: Order) -> list[Path]:
    known = files.build_files(workspace).pins
    return [_file(workspace, name) for name in _pins(workspace, order) if name in known]


def _file(workspace: Workspace, name: str) -> Path:
    """Return a file of pins by the name that the Dockerfile's scripts know it by."""
    return workspace.config.root / files.build_files(workspace).pins[name]


def _name(workspace: Workspace, order: Order) -> str:
    """Return the name of the record of a build's wheels."""
    return f"pins-{_key(workspace, order)}"


def _key(workspace: Workspace, order: Order) -> str:
    """Return a hash of what determines the wheels of a build, except the base image."""
    parts = [
        *(file.read_bytes() for file in _files(workspace, order)),
        json.dumps([store.FORMAT, sorted(order.platforms), *store.recipe(workspace)]).encode(),
    ]
    return hashlib.sha256(b"\0".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()
