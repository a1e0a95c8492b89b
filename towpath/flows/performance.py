"""The app's hot paths: measured, compared with the stored baseline and judged."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from towpath import files
from towpath.commands import testing as commands
from towpath.errors import CommandFailedError, ConfigurationError
from towpath.flows import judging, measures, records, stages, testing
from towpath.flows.session import Session
from towpath.readers import benchmark

RENEW = "--renew"


def performance(session: Session, arguments: Sequence[str] = ()) -> None:
    """Measure the hot paths and judge how much slower they are than the baseline.

    With `--renew` what is measured becomes the baseline of this Python, and there is no verdict.
    Raises ConfigurationError for any other argument.
    """
    if odd := [word for word in arguments if word != RENEW]:
        raise ConfigurationError(
            f"The performance tests do not take {odd[0]!r}.",
            why=f"They always run whole; {RENEW} keeps what they measure as the new baseline.",
        )
    records.begin(session, "performance")
    report = records.benchmark_report(session.config)
    ended = session.runner.run(
        commands.pytest(sys.executable, commands.PERFORMANCE, benchmark=str(report)),
        env=stages.passed_on(session.config, "performance"),
        check=False,
        log=session.config.reports / "logs" / "pytest-performance.log",
        stream=True,
    )
    files.redact(report)
    testing.keep(session, "performance", testing.python(), ended)
    if not arguments:
        judging.judge(session, "performance")
        return
    if not ended.ok:
        raise CommandFailedError(
            f"The baseline stays as it is: the tests did not pass (pytest: {ended.code})."
        )
    _renew(session)


def _renew(session: Session) -> None:
    """Write what was measured into the baseline, and say what to do with it."""
    file = measures.baseline(session.config)
    old = file.read_text(encoding="utf-8") if file.is_file() else ""
    found = benchmark.read(records.benchmark_report(session.config).read_text(encoding="utf-8"))
    files.write(file, benchmark.renewed(found, old, testing.python()).encode())
    where = file.relative_to(session.config.root)
    session.terminal.say(f"{where} has what Python {testing.python()} takes now: have it reviewed.")
