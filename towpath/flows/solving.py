"""The door to buildx' builds: one that fails says which step it was, and what that step said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from towpath.errors import CommandFailedError
from towpath.flows.session import Session
from towpath.readers import buildx
from towpath.runner import Outcome


def solve(
    session: Session,
    argv: Sequence[str],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    stream: bool = False,
    label: str = "",
) -> Outcome:
    """Let buildx build, with the options of `Runner.run`; what it says goes into `log`.

    Raises CommandFailedError, which names the step.
    """
    # What an earlier build said is not this one's reason.
    log.unlink(missing_ok=True)
    try:
        return session.runner.run(argv, env=env, log=log, stream=stream, label=label)
    except CommandFailedError as error:
        said = log.read_text(errors="replace") if log.is_file() else ""
        failed = buildx.failure(said)
        if failed is None:
            raise
        raise CommandFailedError(
            f"The build failed at {failed.step}.",
            why=failed.said,
            next_step=f"Read {log.relative_to(session.config.root)}.",
        ) from error
