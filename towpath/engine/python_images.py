"""Other Pythons than that of the engine's own Debian, assembled from the suite that has them."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from towpath.core.runner import Running
from towpath.engine import directories, machine, recipes
from towpath.engine.layout import Layout

FILES = Path(__file__).with_name("images")
# Debian has one Python in each suite; 3.10 and 3.12 were in none.
SUITES: Mapping[str, str] = {"python:3.11-slim": "bookworm", "python:3.14-slim": "forky"}
# Suites that get their updates in place.
ROLLING = frozenset({"forky"})


def recipe(image: str) -> str:
    """Return the name of what an image is made by."""
    files = (path.read_bytes() for path in sorted(FILES.iterdir()))
    return recipes.fingerprint(image, SUITES[image], *packages(image), *files)


def python_of(image: str) -> str:
    """Return the Python of an image of SUITES: 3.14 of `python:3.14-slim`."""
    return image.partition(":")[2].partition("-")[0]


def packages(image: str) -> tuple[str, ...]:
    """Return the packages of an image of SUITES."""
    return recipes.python_packages(python_of(image))


def mirrors(lines: list[str], suite: str) -> list[str]:
    """Return the lines of mirrors for another suite; `lines` are those of the engine's own."""
    found = [line.replace(f" {recipes.SUITE}", f" {suite}") for line in lines]
    return [row for row in found if suite not in ROLLING or f" {suite} main" in row]


def build(own: Layout, runner: Running, image: str, log: str) -> None:
    """Build an image for every platform, and push it to the engine's registry.

    `log` is a file of the engine's state.

    Raises CommandFailedError if Debian cannot be fetched or the build fails.
    """
    this = machine.look()
    native, foreign = recipes.architecture(this.processor)
    suite, python = SUITES[image], python_of(image)
    lines = mirrors(machine.host_mirrors(this), suite)
    context = own.state / f"context-{suite}"
    shutil.rmtree(context, ignore_errors=True)
    shutil.copytree(FILES, context)
    try:
        argvs = [
            recipes.base(context / f"base-{native}.tar", lines, suite),
            recipes.foreign_python(
                context / f"python-{foreign}.tar", foreign, lines, suite, python
            ),
        ]
        for argv in argvs:
            runner.run(argv, env=machine.proxies(runner))
        shutil.copy(machine.AUTHORITIES, context / "ca-certificates.crt")
        variables = recipes.images(own.registry, native, foreign, machine.proxies(runner), python)
        runner.run(
            ["docker", "buildx", "bake", "--progress=plain", "python"],
            env=variables | {"PYTHON_TAG": image},
            cwd=context,
            log=own.state / log,
        )
    finally:
        directories.delete(context, runner)
