"""gunicorn's log lines, which hold what clients wrote: a terminal that shows them obeys nothing."""

from __future__ import annotations

from typing import Any

from gunicorn.glogging import Logger  # type: ignore[import-untyped,unused-ignore]

from config.text import visible


class VisibleLogger(Logger):  # type: ignore[misc,unused-ignore]
    """Writes every value of an access line with its control characters spelt out."""

    def atoms(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return the values of an access line."""
        found = super().atoms(*args, **kwargs)
        return {
            name: visible(value) if isinstance(value, str) else value
            for name, value in found.items()
        }
