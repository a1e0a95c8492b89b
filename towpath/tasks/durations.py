"""Durations as people type them behind a flag."""

from __future__ import annotations

import re

from towpath.core.errors import ConfigurationError

LONGEST = 86_400  # seconds
_DURATION = re.compile(r"([0-9]{1,6})(s|m|h)?")
_SECONDS = {None: 1, "s": 1, "m": 60, "h": 3600}


def duration(text: str, flag: str, least: int = 1) -> int:
    """Return the seconds, at least so many, that a text such as 90, 90s, 5m or 1h means.

    Raises ConfigurationError for anything else; `flag` is the one that it stood behind.
    """
    match = _DURATION.fullmatch(text.strip())
    seconds = int(match[1]) * _SECONDS[match[2]] if match else -1
    if not least <= seconds <= LONGEST:
        raise ConfigurationError(
            f"{text!r} is not a duration.",
            why=f"{flag} takes seconds, minutes or hours, from {least}s to 24h.",
            next_step=f"For example: {flag}=5m",
        )
    return seconds
