"""Run it: `python -m benchmarks.build.wheels [--rounds=1] [--peer/--no-peer]`.

The product with `psycopg[c]`, which has no wheel, in the place of `psycopg[binary]`. A first build
finds neither a layer, a download, nor a wheel that was made; a second finds the wheels. The peer
compiles it in the target's own image, `Dockerfile.peer-c`, and runs once, for arm64. Where every
step runs again, Debian's packages for its run time are fetched again, which the wheel of
`psycopg[binary]` brings along.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from uuid import uuid4

from benchmarks.build.__main__ import ALONE, BOTH, PEER, SETTLED, Trial, trial
from benchmarks.timing import Goal, Times, answered, ended
from towpath.core.errors import NothingToJudgeError
from towpath.tasks.context import workspace

PEER_C = PEER.with_name("Dockerfile.peer-c")
KEPT, PLAIN = "wheels kept", "psycopg[binary]"
AGAIN = "every step again"
CHANGES = {"a line of code changed": Trial.change, "the file of pins changed": Trial.repin}
STAGE = " AS toolchain\n"
PACKAGES = """
[tool.towpath.image]
build-packages = ["libpq-dev"]
run-packages = ["libpq5"]
"""


class Compiled(Trial):
    """A checkout whose product wants psycopg in C."""

    def want(self) -> None:
        """Pin psycopg in C, and name what Debian has to bring for it."""
        file = self.root / "requirements" / "production.in"
        file.write_text(file.read_text().replace("psycopg[binary]", "psycopg[c]"))
        argv = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal"]
        argv += ["--generate-hashes", "--python-version=3.11", str(file)]
        self.runner.run([*argv, f"--output-file={file.with_suffix('.txt')}"])
        with (self.root / "pyproject.toml").open("a") as stream:
            stream.write(PACKAGES)
        self.commit("psycopg in C")

    def first(self, platforms: str) -> None:
        """Build with nothing of an earlier build; another recipe is another wheel."""
        file = self.root / "Dockerfile"
        text = file.read_text()
        if STAGE not in text:
            raise NothingToJudgeError(f"The Dockerfile has no stage{STAGE.rstrip()}.")
        file.write_text(text.replace(STAGE, f"{STAGE}ENV ROUND={uuid4()}\n"))
        self.commit("Tools of its own")
        self.build(platforms, "--no-cache")


def measure(made: Compiled, plain: Trial, times: Times, rounds: int, with_peer: bool) -> list[Goal]:
    """Take all times, alternating what is compared, and return what has to hold."""
    for _ in range(rounds):
        times.take("amd64 alone, first", lambda: made.first(ALONE))
        times.take("both platforms, first", lambda: made.first(BOTH))
        plain.cold(BOTH)
        for _ in range(2):
            times.take(f"{AGAIN}, {KEPT}", lambda: made.build(BOTH, "--no-cache"))
            times.take(f"{AGAIN}, {PLAIN}", lambda: plain.build(BOTH, "--no-cache"))
    for word, change in CHANGES.items():
        for number in range(3 + SETTLED):
            case = "settling" if number < SETTLED else word
            for name, which in ((KEPT, made), (PLAIN, plain)):
                change(which)
                times.take(f"{case}, {name}", partial(which.build, BOTH))
    first, alone = times.median("both platforms, first"), times.median("amd64 alone, first")
    goals = [Goal("both / amd64 alone, first", first / alone, "<=", 2.5, " x")]
    for word in (AGAIN, *CHANGES):
        ratio = times.median(f"{word}, {KEPT}") / times.median(f"{word}, {PLAIN}")
        goals.append(Goal(f"{word} / without", ratio, "<=", 1.1, " x"))
    if with_peer:
        took = times.take("arm64 under emulation", lambda: made.peer("linux/arm64", PEER_C))
        goals.append(Goal("arm64 under emulation / ours for both", took / first, ">=", 4, " x"))
    return goals


def main(argv: Sequence[str]) -> int:
    """Measure, print and write; 1 where a goal was not held."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.build.wheels", description=__doc__)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--peer", action=argparse.BooleanOptionalAction, default=True)
    flags = parser.parse_args(argv)
    terminal = workspace().terminal
    times = Times(terminal)
    with tempfile.TemporaryDirectory(prefix="towpath-bench-") as folder:
        found = trial(Path(folder) / "c")
        made = Compiled(found.root, found.runner, found.repository)
        plain = trial(Path(folder) / "binary")
        made.want()
        try:
            goals = measure(made, plain, times, max(flags.rounds, 1), flags.peer)
        finally:
            made.forget()
            plain.forget()
    return ended("wheels", times, goals)


if __name__ == "__main__":
    sys.exit(answered(main))
