"""Dependencies without a wheel: made once from their pinned source, kept, and given to the build.

Nothing is asked of the index where every dependency has a wheel: only a build that fails for the
want of one looks which are missing. What was made is kept in the registry, under the package, its
version, the platform and the base; the next build and the next machine take it from there.
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
from towpath.images import bake
from towpath.images import remote_builders as builders
from towpath.images.bake import Order
from towpath.images.builders_reader import native
from towpath.images.buildx import BuildFailedError
from towpath.images.wheels import record_reader as records
from towpath.images.wheels import registry as registries
from towpath.images.wheels import sources as stock
from towpath.images.wheels import store as shed
from towpath.images.wheels import wheels_commands as commands
from towpath.images.wheels import wheels_reader as reader
from towpath.images.wheels.build import WheelBuilder
from towpath.images.wheels.record_reader import Wheel, WheelRecord
from towpath.images.wheels.wheels_reader import Pinned, WheelSource

T = TypeVar("T")

# The exit code of docker/dependencies/install.sh where a dependency has no wheel.
NO_WHEEL = 86
PINS = ("production.txt", "test.txt")


@dataclass(frozen=True)
class ProvidedWheels:
    """The wheels of one build, the base for which they were made, and where they lie.

    `is_published` says whether the registry has a record of them under these very pins.
    """

    base: str = ""
    wheels: tuple[Wheel, ...] = ()
    folder: Path | None = None
    is_published: bool = False

    def order(self, order: Order) -> Order:
        """Return an order that finds these wheels."""
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
    with workspace.terminal.step("Make what has no wheel"):
        made = _made(workspace, order)
    return act(made.order(order)), made


def _kept(workspace: Workspace, order: Order) -> ProvidedWheels:
    """Return what was made for these very pins, or their sources, here or elsewhere.

    Raises NothingToJudgeError for a record that does not fit; nothing of it was written then.
    """
    name, pins = _name(workspace, order), _allowed(workspace, order)
    exact = registries.local(workspace, name) or registries.remote(workspace, name)
    record = exact or stock.find(workspace, pins)
    if record is None or not record.wheels:
        return ProvidedWheels()
    record = _still_missing(workspace, order, record, pins, is_exact=exact is not None)
    if not record.wheels:
        return ProvidedWheels()
    record = _with_pins(record, pins)
    try:
        wheels = tuple(row.taken_over for row in record.wheels)
        published = exact is not None and bool(exact.registry)
        return ProvidedWheels(record.base, wheels, _laid_out(workspace, order, wheels), published)
    except RegistryNotFoundError as error:
        workspace.terminal.warn(f"A wheel that was kept cannot be had: {error}")
        return ProvidedWheels()


def _still_missing(
    workspace: Workspace,
    order: Order,
    record: WheelRecord,
    pins: dict[Pinned, frozenset[str]],
    *,
    is_exact: bool,
) -> WheelRecord:
    """Return a record with those of its wheels that the index has not.

    Raises NothingToJudgeError for a wheel that it has where the record is for exactly these pins.
    """
    missing = _asked(workspace, order, record, pins)
    if missing is None:
        return record
    if is_exact:
        records.require_missing(record, missing)
        return record
    # These pins may have wheels by now that those of before had not.
    return records.only_missing(record, missing)


def _asked(
    workspace: Workspace, order: Order, record: WheelRecord, pins: dict[Pinned, frozenset[str]]
) -> dict[WheelSource, tuple[str, ...]] | None:
    """Return which pins have no wheel, as the index says; None where that was looked up before.

    It was for what this machine has made or verified for exactly these hashes. Raises
    NothingToJudgeError where a record serves what is not pinned.
    """
    python = shed.python_of(workspace)
    records.require_pinned(record, pins, python)
    if not record.registry and all(
        row.pinned == reader.digest(pins[row.pin]) for row in record.wheels
    ):
        return None
    platforms = tuple(dict.fromkeys(row.platform for row in record.wheels))
    return _missing(workspace, _pins(workspace, order), platforms, python)


def _with_pins(record: WheelRecord, pins: dict[Pinned, frozenset[str]]) -> WheelRecord:
    """Return a record that says for which hashes its wheels were found to be missing."""
    rows = (replace(row, pinned=reader.digest(pins[row.pin])) for row in record.wheels)
    return replace(record, wheels=tuple(rows))


def _made(workspace: Workspace, order: Order) -> ProvidedWheels:
    """Make what is missing, keep it, and return all of it."""
    base = bake.base(workspace, order)
    own = native(workspace.runner.run(docker.info()).stdout)
    platforms = tuple(dict.fromkeys((*order.platforms, own)))
    python = shed.python_of(workspace)
    rows = _missing(workspace, _pins(workspace, order), platforms, python)
    if not rows:
        return ProvidedWheels(base)
    with builders.places(workspace, platforms) as places:
        found = tuple(sorted(WheelBuilder(workspace, base, own, places).all(rows)))
    record = _with_pins(WheelRecord(base, found), _allowed(workspace, order))
    given = ProvidedWheels(base, record.wheels, _laid_out(workspace, order, record.wheels))
    _remember(workspace, order, given)
    return given


def _remember(workspace: Workspace, order: Order, given: ProvidedWheels) -> None:
    """Keep which wheels these pins want, unless that is known, and all of them for other pins."""
    name = _name(workspace, order)
    record = WheelRecord(given.base, given.wheels)
    known = registries.local(workspace, name)
    if known is None or known.base != given.base or not known.wheels:
        registries.remember(workspace, name, record)
        try:
            if not given.is_published:
                registries.publish(workspace, name, record)
        except RegistryError as error:
            workspace.terminal.warn(f"The registry does not know of these wheels: {error}")
    stock.add(workspace, record)


def _note_none(workspace: Workspace, order: Order) -> None:
    """Keep on this machine alone that these pins want no wheel, unless more is known of them.

    What needs no wheels is noted so, and nobody is asked about it again.
    """
    name = _name(workspace, order)
    if registries.local(workspace, name) is None:
        registries.remember(workspace, name, WheelRecord("", ()))


def _missing(
    workspace: Workspace, names: Sequence[str], platforms: Sequence[str], python: str
) -> dict[WheelSource, tuple[str, ...]]:
    """Return which sources have no wheel for which platforms; raises CommandFailedError.

    The engine's own platform has to be among them: there the static files are collected.
    """
    found: dict[WheelSource, tuple[str, ...]] = {}
    lock = workspace.config.reports / "build" / "pylock.toml"
    lock.parent.mkdir(parents=True, exist_ok=True)
    for name in names:
        file = workspace.config.root / "requirements" / name
        env = environment.of_installers(workspace.config.env)
        workspace.runner.run(commands.lock(sys.executable, str(file), python, str(lock)), env=env)
        for platform in platforms:
            known = lock.read_text(), file.read_text()
            for row in reader.without_wheel(*known, python, architecture(platform)):
                found[row] = tuple(dict.fromkeys((*found.get(row, ()), platform)))
    return found


def _laid_out(workspace: Workspace, order: Order, wheels: Sequence[Wheel]) -> Path:
    """Lay wheels and pins out as the Dockerfile takes them: a directory for each architecture.

    All of them are checked before the first is written. Raises RegistryNotFoundError where nobody
    has one of them, and NothingToJudgeError for one that is not what it must be.
    """
    contents = shed.contents(workspace, wheels)
    laid: dict[str, dict[str, bytes]] = {}
    for platform in PLATFORMS:
        mine = [row for row in wheels if row.platform == platform]
        made = {row.pin: row.sha256 for row in mine}
        rows = {row.file: contents[row.sha256] for row in mine}
        for name in PINS if mine else ():
            text = (workspace.config.root / "requirements" / name).read_text()
            rows[name] = reader.with_made(text, made).encode()
        laid[architecture(platform)] = rows
    parts = ("build", "wheels", _key(workspace, order)[:16])
    reports = workspace.config.reports
    return private.fill(reports.parent, (reports.name, *parts), laid)


def _allowed(workspace: Workspace, order: Order) -> dict[Pinned, frozenset[str]]:
    """Return the hashes that each pin of a build allows."""
    found: dict[Pinned, frozenset[str]] = {}
    for file in _files(workspace, order):
        for pin, hashes in reader.pins(file.read_text()).items():
            found[pin] = found.get(pin, frozenset()) | hashes
    return found


def _pins(workspace: Workspace, order: Order) -> tuple[str, ...]:
    return PINS if "testing" in order.targets else PINS[:1]


def _files(workspace: Workspace, order: Order) -> list[Path]:
    places = [workspace.config.root / "requirements" / name for name in _pins(workspace, order)]
    return [file for file in places if file.is_file()]


def _name(workspace: Workspace, order: Order) -> str:
    """Return what the record of a build's wheels is called."""
    return f"pins-{_key(workspace, order)}"


def _key(workspace: Workspace, order: Order) -> str:
    """Return what the wheels of a build follow from, the base left out: one hash."""
    parts = [
        *(file.read_bytes() for file in _files(workspace, order)),
        json.dumps([shed.FORMAT, sorted(order.platforms), *shed.recipe(workspace)]).encode(),
    ]
    return hashlib.sha256(b"\0".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()
