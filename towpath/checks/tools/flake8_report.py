"""Flake8's findings in its default form, and the files that the project leaves out, by name.

flake8.cfg beside it brings it in. Flake8's own forms do not name a file that its settings exclude
or a comment in it leaves out.
"""

from __future__ import annotations

from flake8.formatting.default import SimpleFormatter
from flake8.processor import FileProcessor


class Report(SimpleFormatter):  # type: ignore[misc] # flake8 comes without types.
    """Writes a line for each finding, and for each file that was left out."""

    error_format = "%(path)s:%(row)d:%(col)d: %(code)s %(text)s"

    def after_init(self) -> None:
        """Begin with no file seen."""
        self.seen: set[str] = set()

    def beginning(self, filename: str) -> None:
        """Note that a file was processed; name it if a comment in it says that it is not judged."""
        self.seen.add(filename)
        try:
            excluded = FileProcessor(filename, self.options).should_ignore_file()
        except (OSError, SyntaxError, UnicodeError):
            return  # flake8 has a finding of its own for it.
        if excluded:
            self._write(f"EXCLUDED: {filename} (a comment in it says flake8: noqa)")

    def stop(self) -> None:
        """Name the files that flake8 was given and did not process."""
        for filename in sorted(set(self.options.filenames) - self.seen):
            self._write(f"EXCLUDED: {filename} (the settings exclude it)")
        super().stop()
