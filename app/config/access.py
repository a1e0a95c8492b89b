"""gunicorn's access log, with text from clients escaped so that no terminal interprets it."""

from __future__ import annotations

from typing import Any

from gunicorn.glogging import Logger  # type: ignore[import-untyped,unused-ignore]

from config.text import visible


class VisibleLogger(Logger):  # type: ignore[misc,unused-ignore]
    """Escapes the control characters in every value of an access log line."""

    def atoms(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return the escaped values of an access log line."""
        found = super().atoms(*args, **kwargs)
        return {
            name: visible(value) if isinstance(value, str) else value
            for name, value in found.items()
        }
