"""The secrets of an environment: files that we make once, from the machine's random numbers."""

from __future__ import annotations

import secrets
from contextlib import suppress
from pathlib import Path

from towpath.core import private
from towpath.core.redaction import SECRETS

# The first of the two passwords is the superuser's, the second that of the product's own role.
NAMES = (
    *("secret_key", "database_password", "database_app_password"),
    *("queue_password", "ingest_token"),
)
QUEUE_SETTINGS = "queue_settings"
# Compose mounts a secret as the very file that it is here, for users of other numbers than ours.
# What keeps others on this machine away is the directory.
FILE_MODE = 0o444


def ensure(directory: Path) -> None:
    """Make the secrets that are missing; those that are there stay as they are.

    Raises ConfigurationError if the state directory cannot be used.
    """
    private.directory(directory)
    for name in NAMES:
        path = directory / name
        if not path.exists():
            private.write_private(path, secrets.token_hex(32), mode=FILE_MODE)
    settings = directory / QUEUE_SETTINGS
    if not settings.exists():
        # RabbitMQ takes a password from no file but its own settings.
        password = (directory / "queue_password").read_text(encoding="utf-8")
        text = f"default_user = dashboard\ndefault_pass = {password}\n"
        private.write_private(settings, text, mode=FILE_MODE)
    hide(directory)


def hide(directory: Path) -> None:
    """Redact the secrets of an environment in all output and files; it may have none.

    What may not be read is not known to this process either.
    """
    for name in NAMES:
        with suppress(OSError, UnicodeDecodeError):
            SECRETS.hide((directory / name).read_text(encoding="utf-8"))
