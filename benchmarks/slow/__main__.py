"""Run it: `python -m benchmarks.slow [--environment=staging] [--connections=200] [--seconds=20]`.

It asks an environment that is deployed, quietly and beside slow connections in turns, and compares
the 99th percentiles. The slow ones are in a process of their own.
"""

from __future__ import annotations

import argparse
import http.client
import multiprocessing
import statistics
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import urlsplit

from benchmarks.slow.clients import hold
from benchmarks.timing import Goal, Times, answered, ended
from towpath.core.errors import CommandFailedError
from towpath.environments.environment import Site
from towpath.tasks.context import workspace

ASKERS = 4
PAUSE = 0.02  # seconds between two requests of an asker
WARM = 2.0  # seconds before times count
QUIET, CROWDED = "quiet, 99th percentile", "beside slow connections, 99th percentile"


def ask(host: str, port: int, path: str) -> tuple[float, int]:
    """Ask once over a connection of its own; return the seconds and the status, 0 for none."""
    began = time.monotonic()
    connection = http.client.HTTPConnection(host, port, timeout=30)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        status = answer.status
    except (OSError, http.client.HTTPException):
        status = 0
    finally:
        connection.close()
    return time.monotonic() - began, status


def measure(host: str, port: int, path: str, seconds: float) -> tuple[float, int]:
    """Ask for some time; return the 99th percentile in seconds, and how many answers were bad."""
    rows: list[tuple[float, int]] = []
    began = time.monotonic()

    def go_on() -> None:
        while time.monotonic() - began < seconds + WARM:
            row = ask(host, port, path)
            if time.monotonic() - began > WARM:
                rows.append(row)
            time.sleep(PAUSE)

    threads = [threading.Thread(target=go_on) for _ in range(ASKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    bad = sum(status != 200 for _, status in rows)
    return statistics.quantiles((took for took, _ in rows), n=100)[98], bad


@contextmanager
def slow_connections(host: str, port: int, count: int) -> Iterator[None]:
    """Let another process hold slow connections while the block runs."""
    context = multiprocessing.get_context("spawn")
    ready, stop = context.Event(), context.Event()
    process = context.Process(target=hold, args=(host, port, count, ready, stop))
    process.start()
    try:
        if not ready.wait(60):
            raise CommandFailedError("The slow connections could not be opened within 60 s.")
        yield
    finally:
        stop.set()
        process.join()


def unhealthy(site: Site) -> list[str]:
    """Return the containers of an environment that are not well."""
    return [row.name for row in site.containers() if not row.well or row.restarts]


def main(argv: Sequence[str]) -> int:
    """Measure, print and write; 1 where a goal was not held."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.slow", description=__doc__)
    parser.add_argument("--environment", default="staging")
    parser.add_argument("--connections", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--path", default="/")
    flags = parser.parse_args(argv)
    found = workspace(engine=True)
    site = Site.open(found, found.config.environment(flags.environment))
    place = urlsplit(site.environment.url)
    host, port = str(place.hostname), int(place.port or 0)
    times, failures, ill = Times(found.terminal), 0, set(unhealthy(site))
    for _ in range(max(flags.rounds, 1)):
        for case in (QUIET, CROWDED):
            if case == QUIET:
                value, bad = measure(host, port, flags.path, flags.seconds)
            else:
                with slow_connections(host, port, flags.connections):
                    value, bad = measure(host, port, flags.path, flags.seconds)
                    ill |= set(unhealthy(site))
            failures += bad
            times.seconds.setdefault(case, []).append(round(value, 4))
            found.terminal.say(f"  {case}: {1000 * value:.1f} ms, {bad} bad answers")
        ill |= set(unhealthy(site))
    goals = [
        Goal(
            "99th percentile, crowded / quiet", times.median(CROWDED) / times.median(QUIET), "<=", 2
        ),
        Goal("bad answers", failures, "<=", 0),
        Goal("containers that are not well", len(ill), "<=", 0),
    ]
    return ended("slow", times, goals)


if __name__ == "__main__":
    sys.exit(answered(main))
