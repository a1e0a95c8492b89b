"""What every task shares: building its workspace, and turning errors into exit codes.

Modules are imported when a task runs, so that `invoke --list` and shell completion stay fast.
"""

from __future__ import annotations

import errno
import functools
import os
import signal
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec

from towpath.core.errors import (
    ConfigurationError,
    InterruptedRunError,
    TowpathError,
    UnexpectedError,
)

if TYPE_CHECKING:
    from towpath.config import Config
    from towpath.config.workspace import Workspace

P = ParamSpec("P")

# Errors of the operating system that the user can fix; others are bugs.
OF_THE_MACHINE = {
    *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT),
    *(errno.ENOTDIR, errno.ENAMETOOLONG),
}


def find_root(start: Path) -> Path:
    """Return the nearest directory, from `start` upwards, that has settings of a project.

    They are in pyproject.toml or towpath.toml.

    Raises ConfigurationError if there is none.
    """
    for directory in (start, *start.parents):
        if any((directory / name).is_file() for name in ("pyproject.toml", "towpath.toml")):
            return directory
    raise ConfigurationError(
        f"There is no pyproject.toml in {start} or above it.",
        next_step="Run the command inside the project.",
    )


def workspace(
    *, verbose: bool = False, engine: bool = False, environment: str | None = None
) -> Workspace:
    """Build the workspace from the process' own environment and directory.

    With `engine`, every command uses a Docker engine, which is started if necessary; with an
    `environment` it is so unless that one is on another engine. Raises ConfigurationError for wrong
    settings, and EngineAbsentError without an engine.
    """
    from towpath.config import load
    from towpath.config.workspace import Workspace
    from towpath.core import environment as variables
    from towpath.core.runner import Runner
    from towpath.core.terminal import Terminal
    from towpath.deployment.migrations.rules import CODES
    from towpath.environments import secrets
    from towpath.operations.notify import settings as notify_settings

    env = variables.usable(os.environ)
    terminal = Terminal(env, verbose=verbose)
    root = find_root(Path.cwd())
    runner = Runner(terminal, env=variables.of_tools(env), cwd=root, streaming=verbose)
    found = Workspace(load(root, env, CODES), runner, terminal)
    notify_settings.hide(found.config)
    for place in found.config.environments.values():
        secrets.hide_copies(found.config.state_of(place) / secrets.COPIES)
    here = environment is not None and _is_on_this_machine(found.config, environment)
    return with_engine(found) if engine or here else found


def _is_on_this_machine(config: Config, name: str) -> bool:
    """Tell whether an environment, or the registry of its images, is on this machine."""
    place = config.local_environment(name)
    return not place.engine or config.images.is_loopback


def with_engine(workspace: Workspace) -> Workspace:
    """Return the workspace with a running Docker engine, which is started if necessary.

    Raises EngineAbsentError where none can be started.
    """
    from dataclasses import replace

    from towpath.config.workspace import Workspace
    from towpath.core import environment
    from towpath.core.runner import Runner
    from towpath.engine.lifecycle import up

    env = {**workspace.config.env}
    runner = Runner(
        workspace.terminal, env=env, cwd=workspace.config.root, streaming=workspace.terminal.verbose
    )
    # Starting an engine needs Towpath's own variables; using it does not.
    env.update(up(runner, workspace.terminal))
    runner.env = environment.of_tools(env)
    return Workspace(replace(workspace.config, env=env), runner, workspace.terminal)


def entry(body: Callable[P, Any]) -> Callable[P, None]:
    """Wrap a task's body: its errors are shown once and become its exit code."""

    @functools.wraps(body)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            guarded(body, *args, **kwargs)
        except TowpathError as error:
            from invoke.exceptions import Exit

            raise Exit(code=error.code) from error

    return wrapped


def guarded(body: Callable[P, Any], *args: P.args, **kwargs: P.kwargs) -> None:
    """Run a body; show an error that it raises, and raise it as a TowpathError.

    Any other exception is a bug: its traceback is shown, without secrets.
    """
    from towpath.core.redaction import SECRETS

    SECRETS.hide_environment(os.environ)
    try:
        with _stop_signals_raise():
            body(*args, **kwargs)
    except KeyboardInterrupt:
        raise _shown(InterruptedRunError("Interrupted.")) from None
    except TowpathError as error:
        raise _shown(error)
    except OSError as error:
        if error.errno not in OF_THE_MACHINE or not error.filename:
            raise _shown(_unexpected(error)) from None
        raise _shown(_of_the_machine(error)) from error
    except Exception as error:
        raise _shown(_unexpected(error)) from None


def _unexpected(error: Exception) -> UnexpectedError:
    return UnexpectedError(
        f"Internal error: {type(error).__name__}: {error}",
        why="".join(traceback.format_exception(error)).rstrip(),
        next_step="This is a bug in Towpath: please report it with the lines above.",
    )


def _of_the_machine(error: OSError) -> ConfigurationError:
    """Return the error for a file or directory that cannot be accessed."""
    return ConfigurationError(
        f"Cannot access {error.filename}.",
        why=f"{error.strerror}.",
        next_step="Check its owner and the free space; TOWPATH_STATE moves the state.",
    )


def _shown(error: TowpathError) -> TowpathError:
    from towpath.core.terminal import Terminal

    Terminal(os.environ).error(error)
    return error


@contextmanager
def _stop_signals_raise() -> Iterator[None]:
    """Let SIGTERM interrupt a task like Ctrl-C, so that it can undo or record its changes."""

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)
