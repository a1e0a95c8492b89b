"""The pins of a compiled requirements file."""

from __future__ import annotations

import re

from towpath.errors import ConfigurationError

_PIN = re.compile(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)\s*(?:;[^\\]*)?\\?")


def read(text: str, source: str) -> list[tuple[str, str]]:
    """Return (name, version) of every pin, those for other platforms too.

    Raises ConfigurationError for a requirement that is no pin (it would be a guess what is
    installed) and for a file without any.
    """
    lines = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    return [_pin(line, source) for line in lines or [""]]


def _pin(line: str, source: str) -> tuple[str, str]:
    match = _PIN.fullmatch(line)
    if not match:
        raise ConfigurationError(
            f"{source} has a line that is no pin: {line!r}" if line else f"{source} has no pin.",
            next_step="Compile it again: ./dev nox -s requirements",
        )
    return match[1], match[2]
