"""The secrets of an environment: files of its state, made once from random numbers."""

from __future__ import annotations

import secrets
from contextlib import suppress
from pathlib import Path

from towpath.config import Config
from towpath.config.services import RABBITMQ
from towpath.config.variables import secrets_of
from towpath.core import private
from towpath.core.redaction import SECRETS
from towpath.environments.state import volume as files
from towpath.environments.state.volume import State

# A container mounts a secret as the very file that it is, for users of other numbers than ours.
# What keeps others on the engine's machine away is the directory.
FILE_MODE, DIRECTORY_MODE = 0o444, 0o700
# The directory of copies for processes outside of containers.
COPIES = "secrets-of-processes"
SETTINGS = "_settings"


def ensure(state: State, config: Config) -> None:
    """Make the secrets that are missing; those that are there stay as they are.

    Raises CommandFailedError if the state of the environment cannot be written.
    """
    state.make_directory(files.SECRETS, DIRECTORY_MODE)
    known = values(state)
    for name in secrets_of(config.product_env, config.services):
        if name not in known:
            known[name] = secrets.token_hex(32)
            state.write(path(name), known[name].encode(), FILE_MODE)
    there = {row.name for row in state.files(files.SECRETS)}
    for service in config.services.values():
        settings = f"{service.name}{SETTINGS}"
        if service.kind == RABBITMQ and service.is_container and settings not in there:
            # RabbitMQ takes a password from no file but its own settings.
            password = known[service.secrets[-1]]
            text = f"default_user = {service.user}\ndefault_pass = {password}\n"
            state.write(path(settings), text.encode(), FILE_MODE)
    for value in known.values():
        SECRETS.hide(value)


def path(name: str) -> str:
    """Return the name of a secret's file in the state."""
    return f"{files.SECRETS}/{name}"


def values(state: State) -> dict[str, str]:
    """Return the secrets by name, and redact them in all output and files from now on.

    Raises CommandFailedError if the state of the environment cannot be read.
    """
    names = [row.name for row in state.files(files.SECRETS)]
    found = {
        name: (state.read(path(name)) or b"").decode("utf-8", "replace").strip()
        for name in names
        if not name.endswith(SETTINGS)
    }
    for value in found.values():
        SECRETS.hide(value)
    return found


def hide_copies(directory: Path) -> None:
    """Redact the secrets that were copied into a directory of this machine; it may have none.

    What may not be read is not known to this process either.
    """
    for file in sorted(directory.iterdir()) if directory.is_dir() else ():
        with suppress(OSError, UnicodeDecodeError):
            SECRETS.hide(file.read_text(encoding="utf-8"))


def copy(state: State, directory: Path) -> Path:
    """Write the secrets into a directory of this machine, for processes outside of containers.

    Raises ConfigurationError if it cannot be written, and CommandFailedError for an unreadable
    state.
    """
    private.directory(directory)
    for name, value in values(state).items():
        private.write_private(directory / name, value)
    return directory
