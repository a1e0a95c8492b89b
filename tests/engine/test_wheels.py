"""A wheel that is compiled for another machine, with tools of this one."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.engine.product import PLATFORMS
from towpath.config.workspace import Workspace
from towpath.engine import docker_commands as docker
from towpath.images import elf_reader as elf
from towpath.images import remote_builders as builders
from towpath.images.builders_reader import native
from towpath.images.wheels import store as shed
from towpath.images.wheels.build import WheelBuilder
from towpath.images.wheels.record_reader import Wheel
from towpath.images.wheels.wheels_reader import WheelSource

pytestmark = pytest.mark.engine

# Small, compiled, and its setup runs cffi, which is compiled itself.
XATTR = WheelSource(
    "xattr", "1.3.0", "30439fabd7de0787b27e9a6e1d569c5959854cb322f64ce7380fedbfa5035036"
)
# Its setup takes the flags of the machine it runs on, so that it cannot be compiled across.
TIED = WheelSource(
    "annoy", "1.17.3", "9cbfebefe0a5f843eba29c6be4c84d601f4f41ad4ded0486f1b88c3b07739c15"
)


@pytest.fixture(scope="module")
def made(workspace: Workspace) -> Iterator[dict[str, Wheel]]:
    """Make the wheel for this machine first, so that pip could confuse it with the other one."""
    own = native(workspace.runner.run(docker.info()).stdout)
    order = sorted(PLATFORMS, key=lambda platform: platform != own)
    found: dict[str, Wheel] = {}
    with builders.ready_builders(workspace, PLATFORMS) as places:
        workshop = WheelBuilder(workspace, f"sha256:{uuid4().hex * 2}", own, places)
        for platform in order:
            found |= {row.platform: row for row in workshop.all({XATTR: (platform,)})}
    yield {("native" if platform == own else "foreign"): row for platform, row in found.items()}


def test_what_builds_a_wheel_runs_here_and_what_is_built_does_not(
    workspace: Workspace, made: dict[str, Wheel]
) -> None:
    """Its setup imports a library of this machine, and no emulation is needed."""
    assert (made["native"].how, made["foreign"].how) == ("native", "cross")
    for wheel in made.values():
        with zipfile.ZipFile(io.BytesIO(_content(workspace, wheel))) as archive:
            header = archive.read("xattr/_lib.abi3.so")[: elf.HEADER]
        assert elf.machine(header) == elf.MACHINES[wheel.platform]


@pytest.mark.machine
@pytest.mark.timeout(900)
def test_what_cannot_be_compiled_across_is_made_under_emulation(workspace: Workspace) -> None:
    """It is tried across first; the wheel is for the platform, and there it runs."""
    own = native(workspace.runner.run(docker.info()).stdout)
    foreign = next(platform for platform in PLATFORMS if platform != own)
    with builders.ready_builders(workspace, PLATFORMS) as places:
        workshop = WheelBuilder(workspace, f"sha256:{uuid4().hex * 2}", own, places)
        (wheel,) = workshop.all({TIED: (foreign,)})

    assert wheel.how == "emulated"
    place = workspace.config.reports / "emulated"
    with zipfile.ZipFile(io.BytesIO(_content(workspace, wheel))) as archive:
        archive.extractall(place)
    given = [f"--platform={foreign}", f"--volume={place}:/given:ro", "--env=PYTHONPATH=/given"]
    argv = ["docker", "run", "--rm", *given, "python:3.13-slim", "python3", "-c"]
    said = workspace.runner.run([*argv, "import annoy; print(annoy.__file__)"]).stdout
    assert said.startswith("/given/annoy")


def _content(workspace: Workspace, wheel: Wheel) -> bytes:
    return shed.contents(workspace, [wheel])[wheel.sha256]
