"""Run it: `python -m benchmarks.build [--rounds=3] [--peer/--no-peer]`.

Cold means that neither a layer nor a download is kept: every step runs, and each round has caches
of its own. The peer is `Dockerfile.peer`, with pip under emulation; it runs once with the engine's
emulator, and once with the one of this machine's distribution, which may be years older.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from benchmarks.build import emulators
from benchmarks.checkout import Checkout, checkout
from benchmarks.timing import Goal, Times, answered, ended
from towpath.core.errors import ConfigurationError
from towpath.tasks.context import workspace

PEER = Path(__file__).with_name("Dockerfile.peer")
BOTH, ALONE = "linux/amd64,linux/arm64", "linux/amd64"
SETTLED = 2  # builds of a change until the engine has nothing left of the cold ones to do


@dataclass(frozen=True)
class Trial(Checkout):
    """A checkout of its own, and the way to build and push it."""

    repository: str

    def build(self, platforms: str, *more: str) -> None:
        """Type `invoke build`, as people do: start of Python, push and reading back included."""
        argv = [sys.executable, "-m", "invoke", "build", f"--platforms={platforms}", *more]
        self.runner.run(argv)

    def cold(self, platforms: str) -> None:
        """Build with no layer of an earlier build; the Dockerfile keeps no downloads."""
        self.build(platforms, "--no-cache")

    def peer(self, platforms: str, file: Path = PEER) -> None:
        """Build and push as the peer does, every step again."""
        registry = workspace().config.registry
        self.runner.run(
            [
                *("docker", "buildx", "build", "--no-cache", "--provenance=false"),
                *(f"--file={file}", f"--platform={platforms}"),
                "--secret=id=ca,src=/etc/ssl/certs/ca-certificates.crt",
                f"--output=type=image,push=true,name={registry}/{self.repository}:peer",
                ".",
            ]
        )

    def change(self) -> None:
        """Change a line of the product and commit it."""
        self._grow("app/config/release.py", "Change a line")

    def repin(self) -> None:
        """Change the file of pins and commit it: no pin is another, and all are installed again."""
        self._grow("requirements/production.txt", "Change the file of pins")

    def forget(self) -> None:
        """Take the names of all images of this run out of the engine."""
        named = f"--filter=reference={workspace().config.registry}/{self.repository}"
        listed = ["docker", "image", "ls", "--format={{.Repository}}:{{.Tag}}", named]
        names = self.runner.run(listed).stdout.split()
        self.runner.run(["docker", "image", "rm", "--force", *names], check=False)

    def _grow(self, name: str, message: str) -> None:
        """Add a comment that no build has seen to a file, and commit it."""
        with (self.root / name).open("a") as stream:
            stream.write(f"# {uuid4()}\n")
        self.commit(message)


def trial(folder: Path) -> Trial:
    """Make a checkout of all files as they are now."""
    found = workspace(engine=True)
    repository = f"bench/build-{uuid4().hex[:8]}"
    env = {**found.config.env, "TOWPATH_REPOSITORY": repository, "TOWPATH_STATE": str(folder / "s")}
    made = checkout(folder / "checkout", found.terminal, env)
    return Trial(made.root, made.runner, repository)


def measure(made: Trial, times: Times, rounds: int, with_peer: bool) -> list[Goal]:
    """Take all times, alternating what is compared, and return what has to hold."""
    for _ in range(rounds):
        times.take("amd64 alone, cold", lambda: made.cold(ALONE))
        times.take("both platforms, cold", lambda: made.cold(BOTH))
    for number in range(rounds + SETTLED):
        made.change()
        case = "settling" if number < SETTLED else "a line of code changed"
        times.take(case, lambda: made.build(BOTH))
    for _ in range(rounds):
        times.take("nothing changed", lambda: made.build(BOTH))
    cold, alone = times.median("both platforms, cold"), times.median("amd64 alone, cold")
    goals = [
        Goal("both / amd64 alone, cold", cold / alone, "<=", 1.15, " x"),
        Goal("code changed", times.median("a line of code changed"), "<=", 3, " s"),
        Goal("nothing changed", times.median("nothing changed"), "<=", 1.5, " s"),
    ]
    return goals + (_beside(made, times, cold) if with_peer else [])


def _beside(made: Trial, times: Times, cold: float) -> list[Goal]:
    """Let the peer build with each emulator, and compare."""

    def taken(whose: str) -> Goal:
        took = times.take(f"pip under emulation, cold, {whose}", lambda: made.peer(BOTH))
        return Goal(f"pip under emulation / ours, cold, {whose}", took / cold, ">=", 12, " x")

    goals = [taken("the engine's")]
    try:
        with emulators.distribution(made.runner) as version:
            goals.append(taken(version))
    except ConfigurationError as error:
        times.terminal.error(error)
    return goals


def main(argv: Sequence[str]) -> int:
    """Measure, print and write; 1 where a goal was not held."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.build", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peer", action=argparse.BooleanOptionalAction, default=True)
    flags = parser.parse_args(argv)
    terminal = workspace().terminal
    times = Times(terminal)
    with tempfile.TemporaryDirectory(prefix="towpath-bench-") as folder:
        made = trial(Path(folder))
        try:
            goals = measure(made, times, max(flags.rounds, 1), flags.peer)
        finally:
            made.forget()
    return ended("build", times, goals)


if __name__ == "__main__":
    sys.exit(answered(main))
