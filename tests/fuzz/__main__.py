"""Read odd inputs for a while: `python -m tests.fuzz [--seconds=60] [--only=WORD]`.

Each process has a part of the readers and a bounded memory. What a reader may not do (another error
than a typed one, more than 200 MB, more than a second) is shown with a small input that makes it do
so, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import FrameType

from tests.fuzz import inputs, targets

# Bytes that reading may take besides the program itself, and seconds of one input.
MEMORY, SECONDS = 200 << 20, 1.0
SHOWN = 600  # letters of an input


class TooSlowError(Exception):
    """A reader took more than its time for one input."""


def main() -> int:
    """Divide the readers among processes; return 1 where one of them found something."""
    options = _options()
    if options.part:
        return _work(options)
    found = targets.find()
    print(f"{len(found)} readers, {options.seconds} s on {options.processes} processes.")
    running = [
        subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.fuzz", f"--part={number}"),
                *(f"--processes={options.processes}", f"--seconds={options.seconds}"),
                *(f"--only={options.only}", f"--seed={options.seed}"),
            ]
        )
        for number in range(1, options.processes + 1)
    ]
    return int(any([process.wait() for process in running]))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="nox -s fuzz --")
    parser.add_argument("--seconds", type=float, default=60, help="how long, in all")
    parser.add_argument("--only", default="", help="a part of the names of readers")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="to do it again")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--part", type=int, default=0, help=argparse.SUPPRESS)
    return parser.parse_args()


def _work(options: argparse.Namespace) -> int:
    mine = [row for row in targets.find() if options.only in row.name]
    mine = mine[options.part - 1 :: options.processes]
    signal.signal(signal.SIGVTALRM, _too_slow)
    bad, pool = 0, inputs.Pool(options.seed)
    ends = time.monotonic() + options.seconds
    for number, target in enumerate(mine):
        until = time.monotonic() + (ends - time.monotonic()) / (len(mine) - number)
        count, seen = _fuzz(target, pool, until, options.seed)
        bad += bool(seen)
        print(f"{target.name}: {count} inputs" + "".join(seen), flush=True)
    return int(bad > 0)


def _too_slow(_signal: int, _frame: FrameType | None) -> None:
    raise TooSlowError(f"more than {SECONDS:.0f} s")


def _fuzz(
    target: targets.Target, pool: inputs.Pool, until: float, number: int
) -> tuple[int, list[str]]:
    """Return how many inputs were read, and each kind of failure with its smallest input."""
    found: dict[str, str] = {}
    count = 0
    while time.monotonic() < until:
        making = inputs.Inputs(target.module, pool, number + count)
        arguments = {name: making.made(kind) for name, kind in target.kinds.items()}
        kind, why = _failure(target, arguments)
        text = f"{why}\n        {repr(arguments)[:SHOWN]}" if kind else ""
        if kind and (kind not in found or len(text) < len(found[kind])):
            found[kind] = text
        count += 1
    return count, [f"\n    {kind}: {text}" for kind, text in sorted(found.items())]


def _failure(target: targets.Target, arguments: Mapping[str, object]) -> tuple[str, str]:
    """Return what a reader did that it may not, with its place, and why; empty for a good one."""
    began = time.process_time()
    before = resource.getrlimit(resource.RLIMIT_AS)
    try:
        resource.setrlimit(resource.RLIMIT_AS, (_memory() + MEMORY, before[1]))
        signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
        error = target.run(arguments)
    except TooSlowError as slow:
        error = slow
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        resource.setrlimit(resource.RLIMIT_AS, before)
    if error is None and time.process_time() - began > SECONDS:
        error = TooSlowError(f"{time.process_time() - began:.1f} s")
    return (f"{type(error).__name__} in {_place(error)}", str(error)[:160]) if error else ("", "")


def _memory() -> int:
    """Return how many bytes of addresses this process has."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    return pages * resource.getpagesize()


def _place(error: BaseException) -> str:
    """Return the last line of our own code that an error went through."""
    found, trace = "", error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if "/towpath/" in code.co_filename and "/tests/" not in code.co_filename:
            found = f"{Path(code.co_filename).name}:{trace.tb_lineno} {code.co_name}"
        trace = trace.tb_next
    return found


if __name__ == "__main__":
    sys.exit(main())
