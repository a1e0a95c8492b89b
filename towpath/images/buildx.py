"""Run buildx builds; a failure names the Dockerfile step and shows its output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from towpath.config.workspace import Workspace
from towpath.core.errors import CommandFailedError
from towpath.core.runner import Outcome
from towpath.images import buildx_reader as buildx


class BuildFailedError(CommandFailedError):
    """A build failed at a step, which begins in this `line` of the Dockerfile; 0 is not known.

    `exit_codes` are those of the commands in it that failed.
    """

    def __init__(
        self,
        what: str,
        *,
        why: str = "",
        next_step: str = "",
        exit_codes: frozenset[int] = frozenset(),
        line: int = 0,
    ) -> None:
        super().__init__(what, why=why, next_step=next_step)
        self.exit_codes = exit_codes
        self.line = line


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

    Where the builder has lost track of its cache it is asked once more. Raises BuildFailedError,
    which names the step, or CommandFailedError where there was none.
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
        raise BuildFailedError(
            f"The build failed at {failed.step}.",
            why=failed.output,
            next_step=_next_step(workspace, log),
            exit_codes=buildx.exit_codes(_text(log)),
            line=failed.line,
        ) from error


def _next_step(workspace: Workspace, log: Path) -> str:
    if any(buildx.cache_damage(_text(log))):
        return "The build cache is damaged: `invoke health` has the command that empties it."
    return f"See {log.relative_to(workspace.config.root)}."


def _text(log: Path) -> str:
    return log.read_text(errors="replace") if log.is_file() else ""
