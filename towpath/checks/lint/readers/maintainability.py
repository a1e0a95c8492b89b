"""Read the maintainability index (0 to 100) of every module from our radon wrapper."""

from __future__ import annotations

from dataclasses import dataclass

from towpath.core.findings import ToolResult, document, require_all, require_ran, unread


@dataclass(frozen=True)
class Module:
    """A module and its maintainability index; `line` is 0, it speaks of the whole file."""

    path: str
    index: float
    line: int = 0

    def __str__(self) -> str:
        return f"{self.path} has {self.index:.1f}"


def read_maintainability(ran: ToolResult) -> list[Module]:
    """Return every module, the worst first.

    Raises NothingToJudgeError if radon crashed, wrote half a document, could not read a file or
    passed over one.
    """
    require_ran("maintainability", ran, codes=(0,))
    found = []
    for path, said in document("maintainability", ran.stdout).items():
        try:
            found.append(Module(path, float(said["mi"])))
        except (KeyError, TypeError, ValueError) as error:
            raise unread("maintainability", f"{path}: {said}") from error
    require_all("maintainability", ran, len(found))
    return sorted(found, key=lambda module: module.index)
