"""Lint: which linters run, side by side, and what they leave to be judged."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata

from towpath.commands import linters
from towpath.commands.linters import Linter
from towpath.errors import CommandFailedError
from towpath.flows import judging, records
from towpath.flows.records import Record
from towpath.flows.session import Session
from towpath.readers.findings import Ran

DEADLINE = 900
FIRST_LINE = 200


def lint(session: Session) -> None:
    """Run every linter, all of them whatever one says, two or more at a time; then judge."""
    records.begin(session, "lint")
    files = listed(session)
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        list(pool.map(lambda tool: run_linter(session, "lint", tool, files), linters.LINTERS))
    judging.judge(session, "lint")


def listed(session: Session) -> list[str]:
    """Return the project's files that are there, as paths below its root."""
    names = session.runner.run(linters.all_files()).stdout.split("\0")
    return [name for name in names if name and (session.config.root / name).is_file()]


def first_line(session: Session, file: str) -> str:
    """Return the first line of a file of the project."""
    with (session.config.root / file).open("rb") as stream:
        return stream.readline(FIRST_LINE).decode(errors="replace")


def version(package: str) -> str:
    """Return the version of a package in this environment, or "missing"."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "missing"


def run_linter(session: Session, stage: str, tool: Linter, files: Sequence[str]) -> None:
    """Run one linter and keep how it ended; one that cannot start has ended too, badly."""
    given = tool.files(files, lambda file: first_line(session, file))
    started = time.monotonic()
    log = session.config.reports / "logs" / f"{tool.name}.log"
    try:
        ended = session.runner.run(
            tool.argv(sys.executable, given),
            env=dict(tool.variables),
            check=False,
            timeout=DEADLINE,
            log=log,
        )
        ran = Ran(ended.code, ended.stdout, ended.stderr, len(given))
    except CommandFailedError as error:
        ran = Ran(-1, "", f"{error.what} {error.why}", len(given))
    seconds = time.monotonic() - started
    record = Record(tool.name, version(tool.package or tool.name), round(seconds, 3), ran)
    records.write(session.config, stage, record)
    session.terminal.say(f"  {tool.name} ended after {seconds:.1f} s")
