"""Build wheels: pure Python, native, cross-compiled, or under emulation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from towpath.config.workspace import Workspace
from towpath.core.errors import CommandFailedError
from towpath.core.references import architecture
from towpath.images import bake, buildx
from towpath.images.builder import Builder
from towpath.images.wheels import store
from towpath.images.wheels import wheels_commands as commands
from towpath.images.wheels import wheels_reader as reader
from towpath.images.wheels.record_reader import Wheel
from towpath.images.wheels.wheels_reader import WheelSource
from towpath.rendering import files

AT_ONCE = 2  # wheels that are built in parallel


class WheelBuilder:
    """Builds the missing wheels of a build, each once; wheels of earlier builds are reused."""

    def __init__(
        self, workspace: Workspace, base: str, native: str, builders: Sequence[Builder]
    ) -> None:
        """Take the digest of the base image, the engine's own platform, and the builders.

        Raises NothingToJudgeError if the Dockerfile names no version of Python.
        """
        self._workspace = workspace
        self._base = base
        self._native = native
        self._builders = {name: builder for builder in builders for name in builder.platforms}
        self._python = store.python_of(workspace)

    def all(self, rows: Mapping[WheelSource, Sequence[str]]) -> Iterator[Wheel]:
        """Build every wheel, the pure ones first, since one serves every platform.

        Raises CommandFailedError if one cannot be built.
        """
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
        """Build a wheel without a compiler; None if that fails or the wheel is not pure."""
        key = store.key(self._workspace, row, "any", self._base)
        if stored := store.find(self._workspace, row, key, platform, self._python):
            return stored.reused
        try:
            wheel = self._build(row, platform, "pure", {})
        except CommandFailedError:
            return None
        if not reader.is_pure(wheel.file):
            return None
        store.add(self._workspace, key, self._base, wheel)
        return wheel

    def _compiled(self, row: WheelSource, platform: str) -> Wheel:
        """Build a wheel with a compiler; under emulation if cross-compiling fails."""
        key = store.key(self._workspace, row, platform, self._base)
        if stored := store.find(self._workspace, row, key, platform, self._python):
            return stored.reused
        packages = " ".join(self._workspace.config.image.build_packages)
        arguments = {"COMPILED": "1", "PACKAGES": packages}
        try:
            if self._is_native(platform):
                wheel = self._build(row, platform, "native", arguments | {"MADE_ON": platform})
            else:
                wheel = self._cross_compiled(row, platform, arguments)
        except CommandFailedError as error:
            raise CommandFailedError(
                f"Cannot build a wheel of {row.name} {row.version} for {platform}.",
                why="\n".join(part for part in (error.what, error.why) if part),
                next_step=(
                    "Add the Debian packages that it needs to `build-packages` in"
                    " [tool.towpath.image]."
                ),
            ) from error
        store.add(self._workspace, key, self._base, wheel)
        return wheel

    def _is_native(self, platform: str) -> bool:
        """Tell whether the builder of a platform runs on that platform; pods of a cluster do."""
        builder = self._builders[platform]
        return not builder.emulates if builder.elsewhere else platform == self._native

    def _cross_compiled(
        self, row: WheelSource, platform: str, arguments: Mapping[str, str]
    ) -> Wheel:
        try:
            return self._build(row, platform, "cross", arguments)
        except CommandFailedError as error:
            self._workspace.terminal.warn(
                f"Cannot cross-compile {row.name} for {platform}; building it under emulation,"
                f" which is slow: {error.what} {error.next_step or error.why}"
            )
        return self._build(row, platform, "emulated", {**arguments, "MADE_ON": platform})

    def _build(
        self, row: WheelSource, platform: str, how: str, arguments: Mapping[str, str]
    ) -> Wheel:
        """Build one wheel with the Dockerfile's stage `wheel`; raises CommandFailedError."""
        config, builder = self._workspace.config, self._builders[platform]
        word = f"wheel-{row.name}-{architecture(platform)}-{how}"
        into = config.reports / "build" / word
        argv = commands.make(
            platform,
            {"PIN": f"{row.name}=={row.version}", "HASH": row.sha256, **arguments},
            into=str(into),
            ca_file=bake.certificates(config.env),
            builder=builder.builder,
            file=files.build_files(self._workspace).dockerfile,
        )
        # An interrupted build may have left its wheel.
        for left in into.glob("*.whl"):
            left.unlink()
        log = config.log(word)
        outcome = buildx.solve(self._workspace, argv, env=builder.env, log=log)
        return store.store(self._workspace, row, platform, how, outcome.seconds, into)
