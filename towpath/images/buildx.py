"""Run buildx builds; a failure names the Dockerfile step and shows its output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from towpath.config.workspace import Workspace
from towpath.core.errors import CommandFailedError
from towpath.core.runner import Outcome
from towpath.images import buildx_reader as buildx


def solve(
    workspace: Workspace,
    argv: Sequence[str],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    stream: bool = False,
    label: str = "",
) -> Outcome:
    """Run a buildx build with the options of `Runner.run`; its output goes to `log`.

    A BuildKit cache error is retried once. Raises CommandFailedError, which names the failed step.
    """

    def attempt() -> Outcome:
        # The log of an earlier build must not explain this failure.
        log.unlink(missing_ok=True)
        return workspace.runner.run(argv, env=env, log=log, stream=stream, label=label)

    try:
        try:
            return attempt()
        except CommandFailedError:
            if not buildx.is_cache_error(_text(log)):
                raise
            workspace.terminal.warn("BuildKit cache error; retrying once.")
            return attempt()
    except CommandFailedError as error:
        failed = buildx.failure(_text(log))
        if failed is None:
            raise
        raise CommandFailedError(
            f"The build failed at {failed.step}.",
            why=failed.output,
            next_step=f"See {log.relative_to(workspace.config.root)}.",
        ) from error


def _text(log: Path) -> str:
    return log.read_text(errors="replace") if log.is_file() else ""
