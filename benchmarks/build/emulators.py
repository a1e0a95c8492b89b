"""What runs the peer's half for the other machine: the engine's emulator, or the distribution's."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from towpath.core.errors import ConfigurationError
from towpath.core.references import MACHINES
from towpath.core.runner import Runner

HANDLERS = Path("/proc/sys/fs/binfmt_misc")
NAME = "towpath-bench"


@contextmanager
def distribution(runner: Runner) -> Iterator[str]:
    """Run what is for the other machine with this distribution's own emulator; give its version.

    The kernel asks the handler that was registered last, and opens the emulator at once (flag F),
    so that containers have it. The handler before is as it was when this ends. Raises
    ConfigurationError where the distribution's is not installed or may not be registered.
    """
    foreign = next(it for it in MACHINES.values() if it != platform.machine())
    try:
        rule = Path(f"/usr/lib/binfmt.d/qemu-{foreign}.conf").read_text(encoding="utf-8").strip()
        _, _, rest = rule[1:].partition(":")
        version = _version(runner, Path(rest.split(":")[-2]).resolve())
        (HANDLERS / "register").write_text(f":{NAME}:{rest}")
    except (OSError, ValueError, IndexError) as error:
        raise ConfigurationError(
            "The emulator of this machine's distribution cannot be taken.",
            why=str(error),
            next_step="As root: apt-get install qemu-user-static.",
        ) from error
    try:
        yield version
    finally:
        (HANDLERS / NAME).write_text("-1")


def _version(runner: Runner, emulator: Path) -> str:
    """Return the name of an emulator and its version, as it says them."""
    words = runner.run([str(emulator), "--version"]).stdout.split()
    return f"qemu {words[words.index('version') + 1]}"
