"""Uploaded files: this site accepts none, and so never writes one to disk."""

from __future__ import annotations

from typing import Any, NoReturn

from django.core.exceptions import SuspiciousOperation
from django.core.files.uploadhandler import FileUploadHandler


class RefuseUploads(FileUploadHandler):
    """Answers 400 at the first file of a form, whichever view reads the form."""

    def new_file(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse the file before its first byte is read."""
        raise SuspiciousOperation("this site does not accept file uploads")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> NoReturn:
        """Refuse the content, which never arrives because the file was refused."""
        raise SuspiciousOperation("this site does not accept file uploads")

    def file_complete(self, file_size: int) -> None:
        """Say that there is no file."""
        return None
