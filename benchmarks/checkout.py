"""A checkout of its own for a benchmark: all files as they are now, committed."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from towpath.core.runner import Echo, Runner

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Checkout:
    """Where it is, and the way to run something in it."""

    root: Path
    runner: Runner

    def commit(self, message: str) -> None:
        """Commit all files as they are."""
        self.runner.run(["git", "add", "--all"])
        author = ["-c", "user.name=Benchmark", "-c", "user.email=benchmark@example.com"]
        self.runner.run(["git", *author, "commit", "--quiet", f"--message={message}"])


def checkout(root: Path, echo: Echo, env: Mapping[str, str]) -> Checkout:
    """Copy all files that git knows or could add into a new repository."""
    runner = Runner(echo, env=env, cwd=ROOT)
    listed = runner.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"])
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, root / name)
    made = Checkout(root, Runner(echo, env=env, cwd=root))
    made.runner.run(["git", "init", "--quiet", "--initial-branch=main"])
    made.commit("All of it")
    return made
