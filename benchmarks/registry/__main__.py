"""Run it: `python -m benchmarks.registry [--rounds=15] [--image=REFERENCE] [--skopeo=PROGRAM]`.

Whole processes, taken in turns. Inside one registry an image of two platforms gets one more name;
between two, an empty registry of its own gets it in each round. Bytes are counted by a proxy.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import uuid4

from benchmarks.timing import Goal, Times, answered, ended
from tests.misbehaving import RealRegistry, proxied
from towpath.core.errors import ConfigurationError
from towpath.core.references import parse_reference
from towpath.core.runner import Runner
from towpath.engine.layout import layout
from towpath.registry.client import RegistryClient, transfer
from towpath.tasks.context import workspace

ROOT = Path(__file__).resolve().parents[2]
OURS, SKOPEO, BUILDX, DOCKER = (
    "towpath",
    "skopeo copy --all",
    "imagetools create",
    "pull, tag, push",
)
SLOW_ROUNDS = 3


@dataclass(frozen=True)
class Ways:
    """The commands that are compared."""

    runner: Runner
    skopeo: str

    def ours(self, origin: str, goal: str) -> None:
        """Copy as a promotion does."""
        self.runner.run([sys.executable, "-m", "towpath.tasks.copy", origin, goal])

    def by_skopeo(self, origin: str, goal: str) -> None:
        """Copy every platform with skopeo, which needs no signature and no TLS here."""
        plain = ["--src-tls-verify=false", "--dest-tls-verify=false"]
        argv = [self.skopeo, "--insecure-policy", "copy", "--quiet", "--all", *plain]
        self.runner.run([*argv, f"docker://{origin}", f"docker://{goal}"])

    def by_buildx(self, origin: str, goal: str) -> None:
        """Make the tag with buildx."""
        self.runner.run(["docker", "buildx", "imagetools", "create", f"--tag={goal}", origin])

    def by_docker(self, origin: str, goal: str) -> None:
        """Pull one platform, tag and push it, as most pipelines do."""
        self.runner.run(["docker", "pull", "--quiet", origin])
        self.runner.run(["docker", "tag", origin, goal])
        self.runner.run(["docker", "push", "--quiet", goal])


def inside(ways: Ways, times: Times, origin: str, rounds: int) -> list[Goal]:
    """Give an image one more name, in turns."""
    place, _ = parse_reference(origin)
    cases = {OURS: ways.ours, SKOPEO: ways.by_skopeo, BUILDX: ways.by_buildx}
    for number in range(rounds):
        for case, act in cases.items():
            goal = place.tagged(f"bench-{case.split()[0]}")
            times.take(f"one registry: {case}", partial(act, origin, goal))
        if number < SLOW_ROUNDS:
            goal = place.tagged("bench-docker")
            times.take(f"one registry: {DOCKER}", partial(ways.by_docker, origin, goal))
    ours = times.median(f"one registry: {OURS}")
    return [
        Goal(f"one registry: ours / {case}", ours / times.median(f"one registry: {case}"), "<=", 1)
        for case in (SKOPEO, BUILDX, DOCKER)
    ]


def between(ways: Ways, times: Times, origin: str, program: Path, rounds: int) -> list[Goal]:
    """Bring an image to an empty registry, in turns.

    Compared is the same content: skopeo leaves behind what is attached, so the source of both is an
    image that has nothing attached. Beside it the whole of ours, evidence and lists of packages.
    """
    place, _ = parse_reference(origin)
    bare = f"{place.registry}/bench/bare:{uuid4().hex[:8]}"
    ways.by_skopeo(origin, bare)
    cases = [
        (OURS, ways.ours, bare),
        (SKOPEO, ways.by_skopeo, bare),
        (f"{OURS}, with what is attached", ways.ours, origin),
    ]
    for number in range(rounds):
        # Who comes first pays for what none has read yet.
        for case, act, source in (*cases[number % 3 :], *cases[: number % 3]):
            with tempfile.TemporaryDirectory(prefix="towpath-bench-") as folder:
                registry = RealRegistry(program, Path(folder))
                registry.start()
                try:
                    goal = f"{registry.host}/bench/image:copied"
                    times.take(f"two registries: {case}", partial(act, source, goal))
                finally:
                    registry.stop()
    ours, theirs = (times.median(f"two registries: {case}") for case in (OURS, SKOPEO))
    return [Goal(f"two registries: ours / {SKOPEO}", ours / theirs, "<=", 1)]


def bytes_moved(ways: Ways, origin: str, program: Path) -> list[Goal]:
    """Count what ours sends, to an empty registry and to one that has it all."""
    place, reference = parse_reference(origin)
    client = RegistryClient(place, env=ways.runner.env)
    content = transfer.open_content(client, reference)
    blobs = {row.digest: row.size for row in content.blobs}
    for _, artifact in transfer.attached(client, content):
        blobs |= {row.digest: row.size for row in transfer.blobs_of([artifact])}
    with tempfile.TemporaryDirectory(prefix="towpath-bench-") as folder:
        registry = RealRegistry(program, Path(folder))
        registry.start()
        try:
            with proxied(registry) as proxy:
                ways.ours(origin, f"{proxy.host}/bench/image:copied")
                first = proxy.uploaded
                ways.ours(origin, f"{proxy.host}/bench/image:copied")
                again = proxy.uploaded - first
        finally:
            registry.stop()
    return [
        Goal("bytes moved / bytes missing", first / sum(blobs.values()), "<=", 1),
        Goal("bytes moved when nothing is missing", again, "<=", 0, " B"),
    ]


def main(argv: Sequence[str]) -> int:
    """Measure, print and write; 1 where a goal was not held."""
    found = workspace(engine=True)
    parser = argparse.ArgumentParser(prog="python -m benchmarks.registry", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--image", default=found.config.images.tagged("built"))
    parser.add_argument("--skopeo", default="skopeo")
    flags = parser.parse_args(argv)
    programs = sorted(layout(found.config.env).state.glob("root-*/usr/bin/docker-registry"))
    if not programs or not shutil.which(flags.skopeo):
        raise ConfigurationError(
            "skopeo and the embedded engine's registry are wanted.",
            next_step="Install skopeo, or name it with --skopeo; `invoke engine.up` has the other.",
        )
    place, reference = parse_reference(flags.image)
    client = RegistryClient(place, env=found.config.env)
    origin = place.at(client.resolve(reference))
    ways = Ways(Runner(found.terminal, env=found.config.env, cwd=ROOT), flags.skopeo)
    times, rounds = Times(found.terminal), max(flags.rounds, 1)
    goals = [
        *inside(ways, times, origin, rounds),
        *between(ways, times, origin, programs[-1], rounds),
        *bytes_moved(ways, origin, programs[-1]),
    ]
    return ended("registry", times, goals)


if __name__ == "__main__":
    sys.exit(answered(main))
