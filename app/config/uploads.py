"""Files that come with a request: this site takes none, and so writes none to its disk."""

from __future__ import annotations

from typing import Any, NoReturn

from django.core.exceptions import SuspiciousOperation
from django.core.files.uploadhandler import FileUploadHandler


class RefuseUploads(FileUploadHandler):
    """Answers 400 at the first file of a form, whichever view looked at the form."""

    def new_file(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse the file before its first byte is read."""
        raise SuspiciousOperation("this site takes no files")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> NoReturn:
        """Refuse what cannot come, since the file was refused."""
        raise SuspiciousOperation("this site takes no files")

    def file_complete(self, file_size: int) -> None:
        """Say that there is no file."""
        return None
