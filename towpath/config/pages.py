"""The pages that a release has to answer before people see it: health and smoke. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from towpath.config.toml_values import checked, typed, wrong

# From this status on an answer is an error of the server's.
SERVER_ERROR = 500
REDIRECTS = range(300, 400)


@dataclass(frozen=True)
class Page:
    """A page: its path, the status that it has to answer (0: any below 500), a text in it.

    With `redirects` they are followed on the host of the environment, and the last page is judged;
    a `status` that is a redirect itself is that of the first answer.
    """

    path: str = "/"
    status: int = 0
    text: str = ""
    redirects: bool = True

    @property
    def follows(self) -> bool:
        """Whether redirects of this page are followed."""
        return self.redirects and self.status not in REDIRECTS

    def problem(self, status: int, body: str) -> str:
        """Return what is wrong with an answer, an empty string if nothing is."""
        if status == 0:
            return f"{self.path} does not answer"
        if self.status and status != self.status:
            return f"{self.path} answers {status}, not {self.status}"
        if not self.status and status >= SERVER_ERROR:
            return f"{self.path} answers {status}"
        if self.text and self.text not in body:
            return f"{self.path} answers {status}, and does not contain {self.text!r}"
        return ""


DEFAULT = (Page(),)


def read_pages(value: Any, where: str) -> tuple[Page, ...]:
    """Return smoke pages; raises ConfigurationError for one that is no path or table."""
    if not isinstance(value, list):
        raise wrong(where, "a list of pages", value)
    return tuple(_page(row, f"{where}[{number}]") for number, row in enumerate(value))


def read_path(value: Any, where: str) -> str:
    """Return a path such as /up; raises ConfigurationError for anything else."""
    path = typed(value, str, where)
    # It becomes a line of a request.
    if not path.startswith("/") or not path.isascii() or not path.isprintable() or " " in path:
        raise wrong(where, "a path such as /up", path)
    return path


def _page(row: Any, where: str) -> Page:
    if isinstance(row, str):
        return Page(read_path(row, where))
    if not isinstance(row, Mapping):
        raise wrong(where, "a path or a table with path, status and text", row)
    values = checked(row, {"path", "status", "text"}, where)
    status = typed(values.get("status", 0), int, f"{where}.status")
    if status and not 100 <= status <= 599:
        raise wrong(f"{where}.status", "a status from 100 to 599", status)
    path = read_path(values.get("path", "/"), f"{where}.path")
    return Page(path, status, typed(values.get("text", ""), str, f"{where}.text"))
