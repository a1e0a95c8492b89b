"""Which files of the project a stage of a Dockerfile reads. Pure.

Source: Dockerfile reference, "RUN --mount=type=bind" and "COPY".
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import PurePosixPath

from towpath.images import dockerfile_words as words
from towpath.images.dockerfile_reader import Instruction, instructions


def context_files(text: str) -> list[str]:
    """Return the files, directories and patterns that the instructions of a stage read, sorted.

    They are relative to the root of the project; `.` is all of it. What another stage or an address
    provides is not among them, nor a name that has a variable in it. Raises NothingToJudgeError for
    a heredoc without an end.
    """
    rows, escape = instructions(text)
    reads = {"RUN": _mounted, "COPY": _copied, "ADD": _copied}
    found = {
        path for row in rows if row.keyword in reads for path in reads[row.keyword](row, escape)
    }
    return sorted({_in_context(path) for path in found if "$" not in path})


def _mounted(row: Instruction, escape: str) -> Iterator[str]:
    """Yield what a RUN mounts of the project; a mount is of type bind unless it says another."""
    for word in words.split(row.rest, escape):
        if not word.startswith("--mount="):
            continue
        pairs = (option.partition("=") for option in word.removeprefix("--mount=").split(","))
        options = {name: value for name, _, value in pairs}
        if options.get("type", "bind") == "bind" and "from" not in options:
            yield options.get("source") or options.get("src") or "."


def _copied(row: Instruction, escape: str) -> Iterator[str]:
    """Yield what a COPY or an ADD takes from the project; the last path is where it goes."""
    parts = words.split(row.rest, escape)
    if any(part.startswith("--from=") for part in parts):
        return
    paths = [part.strip("\"'") for part in parts if not part.startswith("--")]
    if paths and paths[0].startswith("["):
        paths = _listed(row.rest[row.rest.index("[") :])
    yield from (path for path in paths[:-1] if not _is_elsewhere(path))


def _is_elsewhere(path: str) -> bool:
    """Tell whether the source of a copy is a heredoc or an address."""
    return path.startswith("<<") or "://" in path


def _listed(text: str) -> list[str]:
    """Return the paths of an instruction in JSON; none where it is no list of strings."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return []
    return [path for path in found if isinstance(path, str)] if isinstance(found, list) else []


def _in_context(path: str) -> str:
    """Return a path below the root of the project; as in a build, `..` does not lead out of it."""
    parts: list[str] = []
    for part in PurePosixPath(path).parts:
        if part == "..":
            parts = parts[:-1]
        elif part != "/":
            parts.append(part)
    return "/".join(parts) or "."
