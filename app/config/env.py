"""Strict reading of settings from environment variables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

TRUE = ("true", "1", "yes", "on")
FALSE = ("false", "0", "no", "off")


class SettingError(ImproperlyConfigured):
    """A variable's value cannot be used; the message names the variable, never a secret."""

    def __init__(self, name: str, problem: str, allowed: str) -> None:
        super().__init__(f"{name}: {problem}. Allowed: {allowed}.")
        self.name = name


class Environment:
    """Reads typed values out of a mapping; an absent or blank variable means its default."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def text(self, name: str, default: str = "") -> str:
        """Return the variable's text without surrounding blanks."""
        return self._values.get(name, "").strip() or default

    def require(self, name: str, *, because: str) -> None:
        """Raise SettingError unless the variable, or the file for it, has a value."""
        if not (self.text(name) or self.text(f"{name}_FILE")):
            raise SettingError(name, f"is required because {because}", "a value that is not blank")

    def flag(self, name: str, *, default: bool) -> bool:
        """Return the boolean value of the variable, in upper or lower case; raises SettingError."""
        value = self.text(name).lower()
        if value and value not in TRUE + FALSE:
            raise SettingError(name, f"{value!r} is not a boolean", ", ".join(TRUE + FALSE))
        return value in TRUE if value else default

    def choice(self, name: str, allowed: Sequence[str], default: str) -> str:
        """Return the variable's text; raises SettingError unless it is one of those allowed."""
        value = self.text(name, default)
        if value not in allowed:
            raise SettingError(name, f"{value!r} is not an allowed value", ", ".join(allowed))
        return value

    def number(self, name: str, default: int, *, lowest: int, highest: int) -> int:
        """Return the variable as an integer between two limits, both included; or SettingError."""
        value = self.text(name, str(default))
        # isdecimal alone accepts the digits of other scripts, which nobody types on purpose.
        if not (value.isascii() and value.isdecimal()) or not lowest <= int(value) <= highest:
            raise SettingError(
                name,
                f"{value!r} is not a valid number",
                f"an integer from {lowest} to {highest}",
            )
        return int(value)

    def items(self, name: str) -> list[str]:
        """Return the elements of a comma-separated list; raises SettingError for an empty one."""
        value = self.text(name)
        parts = [part.strip() for part in value.split(",")] if value else []
        if not all(parts):
            raise SettingError(
                name, f"{value!r} has an empty element", "names separated by single commas"
            )
        return parts

    def secret(self, name: str) -> str:
        """Return a secret from NAME, or from the file that NAME_FILE names; blank where neither is.

        One trailing newline of the file is not part of the secret. Raises SettingError where both
        are set, and for a file that is empty or cannot be read.
        """
        file_name = f"{name}_FILE"
        value, path = self._values.get(name, ""), self.text(file_name)
        if value and path:
            raise SettingError(name, f"is set together with {file_name}", "only one of the two")
        if path:
            return _read_secret(file_name, Path(path))
        return value if value.strip() else ""


def _read_secret(name: str, path: Path) -> str:
    allowed = "the path of a readable text file that holds the secret"
    try:
        value = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "is not UTF-8"
        raise SettingError(name, f"cannot read {str(path)!r} ({reason})", allowed) from None
    value = value.removesuffix("\n").removesuffix("\r")
    if not value.strip():
        raise SettingError(name, f"{str(path)!r} is empty", allowed)
    return value
