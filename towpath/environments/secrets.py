"""The secrets of an environment: files that we make once, from the machine's random numbers."""

from __future__ import annotations

import secrets
from contextlib import suppress
from pathlib import Path

from towpath.config import Config
from towpath.config.services import RABBITMQ
from towpath.config.variables import secrets_of
from towpath.core import private
from towpath.core.redaction import SECRETS

# Compose mounts a secret as the very file that it is here, for users of other numbers than ours.
# What keeps others on this machine away is the directory.
FILE_MODE = 0o444


def ensure(directory: Path, config: Config) -> None:
    """Make the secrets that are missing; those that are there stay as they are.

    Raises ConfigurationError if the state directory cannot be used.
    """
    private.directory(directory)
    for name in secrets_of(config.product_env, config.services):
        path = directory / name
        if not path.exists():
            private.write_private(path, secrets.token_hex(32), mode=FILE_MODE)
    for service in config.services.values():
        settings = directory / f"{service.name}_settings"
        if service.kind == RABBITMQ and service.is_container and not settings.exists():
            # RabbitMQ takes a password from no file but its own settings.
            password = (directory / service.secrets[-1]).read_text(encoding="utf-8")
            text = f"default_user = {service.user}\ndefault_pass = {password}\n"
            private.write_private(settings, text, mode=FILE_MODE)
    hide(directory)


def hide(directory: Path) -> None:
    """Redact the secrets of an environment in all output and files; it may have none.

    What may not be read is not known to this process either.
    """
    names = sorted(directory.iterdir()) if directory.is_dir() else ()
    for file in names:
        if not file.name.endswith("_settings"):
            with suppress(OSError, UnicodeDecodeError):
                SECRETS.hide(file.read_text(encoding="utf-8"))
