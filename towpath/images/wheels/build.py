"""Where wheels are made: in pure Python, on a machine of the platform, across, or emulated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from towpath.config.workspace import Workspace
from towpath.core.errors import CommandFailedError
from towpath.core.references import architecture
from towpath.images import bake
from towpath.images import buildx as solving
from towpath.images.builder import Builder
from towpath.images.wheels import store as shed
from towpath.images.wheels import wheels_commands as commands
from towpath.images.wheels import wheels_reader as reader
from towpath.images.wheels.record_reader import Wheel
from towpath.images.wheels.wheels_reader import WheelSource

AT_ONCE = 2


class WheelBuilder:
    """Makes the wheels that a build lacks, each once; what was made for this base is taken over."""

    def __init__(
        self, workspace: Workspace, base: str, native: str, places: Sequence[Builder]
    ) -> None:
        """Take the digest of the base, the engine's own platform, and who builds which one."""
        self._workspace = workspace
        self._base = base
        self._native = native
        self._places = {platform: place for place in places for platform in place.platforms}
        self._python = shed.python_of(workspace)

    def all(self, rows: Mapping[WheelSource, Sequence[str]]) -> Iterator[Wheel]:
        """Make every wheel, the pure ones first: such a one is for every platform."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            try:
                pure = dict(zip(rows, pool.map(lambda row: self._pure(row, rows[row][0]), rows)))
                jobs = [(row, platform) for row in rows if not pure[row] for platform in rows[row]]
                done = list(pool.map(lambda job: self._compiled(*job), jobs))
            except BaseException:
                self._workspace.runner.stop()
                raise
        for row, wheel in pure.items():
            yield from (replace(wheel, platform=name) for name in rows[row] if wheel)
        yield from done

    def _pure(self, row: WheelSource, platform: str) -> Wheel | None:
        """Make a wheel without a compiler; None where that does not do, or gives no pure one."""
        key = shed.key(self._workspace, row, "any", self._base)
        if kept := shed.find(self._workspace, row, key, platform, self._python):
            return kept.taken_over
        try:
            wheel = self._build(row, platform, "pure", {})
        except CommandFailedError:
            return None
        if not reader.is_pure(wheel.file):
            return None
        shed.keep(self._workspace, key, self._base, wheel)
        return wheel

    def _compiled(self, row: WheelSource, platform: str) -> Wheel:
        """Make a wheel with a compiler: for another machine, or if that fails under emulation."""
        key = shed.key(self._workspace, row, platform, self._base)
        if kept := shed.find(self._workspace, row, key, platform, self._python):
            return kept.taken_over
        packages = " ".join(self._workspace.config.image.build_packages)
        arguments = {"COMPILED": "1", "PACKAGES": packages}
        try:
            if self._is_native(platform):
                wheel = self._build(row, platform, "native", arguments | {"MADE_ON": platform})
            else:
                wheel = self._across(row, platform, arguments)
        except CommandFailedError as error:
            raise CommandFailedError(
                f"{row.name} {row.version} has no wheel for {platform} and could not be built.",
                why="\n".join(part for part in (error.what, error.why) if part),
                next_step="Name what it needs of Debian in [tool.towpath.image], build-packages.",
            ) from error
        shed.keep(self._workspace, key, self._base, wheel)
        return wheel

    def _is_native(self, platform: str) -> bool:
        """Tell whether who builds a platform is of it; the pods of a cluster are."""
        place = self._places[platform]
        return not place.emulates if place.elsewhere else platform == self._native

    def _across(self, row: WheelSource, platform: str, arguments: Mapping[str, str]) -> Wheel:
        try:
            return self._build(row, platform, "cross", arguments)
        except CommandFailedError as error:
            self._workspace.terminal.warn(
                f"{row.name} cannot be compiled for {platform} here and is built under emulation,"
                f" which takes long: {error.what} {error.next_step or error.why}"
            )
        return self._build(row, platform, "emulated", {**arguments, "MADE_ON": platform})

    def _build(
        self, row: WheelSource, platform: str, how: str, arguments: Mapping[str, str]
    ) -> Wheel:
        """Let the stage `wheel` make one wheel; raises CommandFailedError, the log says why."""
        config, place = self._workspace.config, self._places[platform]
        word = f"wheel-{row.name}-{architecture(platform)}-{how}"
        into = config.reports / "build" / word
        argv = commands.make(
            platform,
            {"PIN": f"{row.name}=={row.version}", "HASH": row.sha256, **arguments},
            into=str(into),
            ca_file=bake.certificates(config.env),
            builder=place.builder,
        )
        # A build that was killed may have left its wheel.
        for left in into.glob("*.whl"):
            left.unlink()
        log = config.log(word)
        ran = solving.solve(self._workspace, argv, env=place.env, log=log)
        return shed.store(self._workspace, row, platform, how, ran.seconds, into)
