"""Builds the engine's root file system and the base images, each completely or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from towpath.core import private
from towpath.core.errors import CommandFailedError
from towpath.core.runner import Running
from towpath.engine import daemon, directories, machine, recipes
from towpath.engine.layout import Layout

FILES = Path(__file__).with_name("images")
PLACEHOLDER = Path("PLACE")


@dataclass(frozen=True)
class Recipe:
    """What is to be made on this machine, and the names of these recipes."""

    native: str
    foreign: str
    mirrors: tuple[str, ...]
    root: str
    images: str


def recipe(this: machine.Machine) -> Recipe:
    """Return the recipe for this machine; files, packages, mirrors and authorities all count.

    Raises EngineAbsentError for a machine that is not supported.
    """
    native, foreign = recipes.architecture(this.processor)
    mirrors = machine.host_mirrors(this)
    root = recipes.fingerprint(recipes.root(PLACEHOLDER, foreign, mirrors))
    files = [path.read_bytes() for path in sorted(FILES.iterdir())]
    authorities = machine.AUTHORITIES.read_bytes() if machine.AUTHORITIES.is_file() else b""
    images = recipes.fingerprint(
        recipes.base(PLACEHOLDER, mirrors),
        recipes.foreign_python(PLACEHOLDER, foreign, mirrors),
        authorities,
        *files,
    )
    return Recipe(native, foreign, tuple(mirrors), root, images)


def context(layout: Layout) -> Path:
    """Return the directory the images are built from."""
    return layout.state / "context"


def images_complete(layout: Layout) -> bool:
    """Tell whether base images were once completed here, by this or an earlier recipe."""
    return layout.images.is_file()


def images_current(layout: Layout, made: Recipe) -> bool:
    """Tell whether the base images are those of this recipe, and the registry still has them."""
    current = images_complete(layout) and layout.images.read_text() == made.images
    return current and (layout.state / "registry").is_dir()


def unpack(layout: Layout, made: Recipe, runner: Running) -> None:
    """Fetch and unpack Debian: the root if it is not there, the archives if images are due.

    An incomplete root has another name until it is complete.
    """
    root = layout.root(made.root)
    half = root.with_suffix(".part")
    left: list[Sequence[str]] = []
    right: list[Sequence[str]] = []
    if not root.is_dir():
        for old in layout.state.glob("root-*"):
            directories.delete(old, runner)
        left = [recipes.root(half, made.foreign, made.mirrors)]
    if not images_current(layout, made):
        shutil.rmtree(context(layout), ignore_errors=True)
        shutil.copytree(FILES, context(layout))
        base = context(layout) / f"base-{made.native}.tar"
        python = context(layout) / f"python-{made.foreign}.tar"
        right = [
            recipes.base(base, made.mirrors),
            recipes.foreign_python(python, made.foreign, made.mirrors),
        ]
    if left or right:
        runner.run(recipes.side_by_side(left, right), env=machine.proxies(runner))
    if left:
        half.rename(root)


def build(layout: Layout, made: Recipe, runner: Running) -> None:
    """Build the base images and push them to the engine's registry under their usual names.

    Raises CommandFailedError if the build fails, or the registry does not have an image afterwards.
    """
    shutil.copy(machine.AUTHORITIES, context(layout) / "ca-certificates.crt")
    engine = layout.environment(runner.env)
    proxies = machine.proxies(runner)
    variables = recipes.images(layout.registry, made.native, made.foreign, proxies)
    for target in ("shared", "default"):
        runner.run(
            ["docker", "buildx", "bake", "--progress=plain", target],
            env=engine | variables,
            cwd=context(layout),
            log=layout.state / f"images-{target}.log",
        )
    for image in recipes.IMAGES:
        name, tag = image.split(":")
        if not daemon.registry_answers(layout.port, f"/v2/library/{name}/manifests/{tag}"):
            raise CommandFailedError(
                f"The registry does not have {image} although it was pushed.",
                next_step=f"Read {layout.state / 'images-default.log'}.",
            )
    shutil.rmtree(context(layout))
    private.write_private(layout.images, made.images)
