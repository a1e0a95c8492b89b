"""What a cache in the registry costs with gzip and with zstd: `python -m benchmarks.build.caches`.

Each build is without a layer of an earlier one, downloads included. It pushes the image as always,
with gzip, and writes a cache of every step (`mode=max`) beside it: none, gzip or zstd.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from benchmarks.build.__main__ import BOTH, Trial, trial
from benchmarks.timing import Goal, Times, answered, ended
from towpath.core.references import Repository
from towpath.images import cache
from towpath.registry.client import RegistryClient
from towpath.tasks.context import workspace

KINDS = ("gzip", "zstd")


def build(made: Trial, kind: str = "") -> None:
    """Build and push production for both platforms, and write a cache of this compression."""
    name = f"{workspace().config.registry}/{made.repository}"
    kept = "mode=max,image-manifest=true,oci-mediatypes=true"
    # Without force the layers that the image has already would stay as they are there.
    packed = f"compression={kind},force-compression=true"
    reference = f"{name}:{cache.tag('production', kind)}"
    made.runner.run(
        [
            *("docker", "buildx", "build", "--no-cache", "--provenance=false", "--sbom=false"),
            *("--target=production", f"--platform={BOTH}"),
            "--secret=id=ca,src=/etc/ssl/certs/ca-certificates.crt",
            f"--output=type=image,push=,unpack=false,oci-mediatypes=true,name={name}:caches",
            *([f"--cache-to=type=registry,ref={reference},{kept},{packed}"] if kind else []),
            ".",
        ]
    )


def sizes(made: Trial) -> dict[str, int]:
    """Return the bytes of each cache, as the registry holds it."""
    config = workspace().config
    registry = RegistryClient(Repository(config.registry, made.repository), env=config.env)
    return {row.branch: row.size for row in cache.list_caches(registry)}


def main(argv: Sequence[str]) -> int:
    """Measure, print and write; 1 where gzip is not the better choice any more."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.build.caches", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = max(parser.parse_args(argv).rounds, 1)
    terminal = workspace().terminal
    times = Times(terminal)
    with tempfile.TemporaryDirectory(prefix="towpath-bench-") as folder:
        made = trial(Path(folder))
        try:
            build(made)
            for _ in range(rounds):
                times.take("no cache written", lambda: build(made))
                for kind in KINDS:
                    times.take(f"cache with {kind}", partial(build, made, kind))
            held = sizes(made)
        finally:
            made.forget()
    for kind in KINDS:
        terminal.say(f"  cache with {kind}: {held[kind] / 1e6:.1f} MB")
    longer = times.median("cache with zstd") / times.median("cache with gzip")
    goals = [
        Goal("zstd / gzip, time of the build", longer, ">=", 1, " x"),
        Goal("zstd / gzip, bytes of the cache", held["zstd"] / held["gzip"], ">=", 0.8, " x"),
    ]
    return ended("build-caches", times, goals)


if __name__ == "__main__":
    sys.exit(answered(main))
