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
    matches = [(line, _PIN.fullmatch(line)) for line in lines]
    bad = [line for line, match in matches if not match] if matches else ["(empty)"]
    if bad:
        raise ConfigurationError(
            f"{source} has a line that is no pin: {bad[0]!r}",
            next_step="Compile it again: ./dev nox -s requirements",
        )
    return [(match[1], match[2]) for _, match in matches if match]
