"""Read a Dockerfile: the base image of a stage, and its lines. Pure.

Sources: BuildKit, frontend/dockerfile/parser/parser.go and dockerfile2llb/convert.go; Dockerfile
reference, "FROM" and "Understand how ARG and FROM interact".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from towpath.core.errors import NothingToJudgeError
from towpath.images import dockerfile_words as words

SCRATCH = "scratch"
# BuildKit's predefined arguments, whose values are not in the Dockerfile.
PLATFORM = tuple(
    side + what
    for side in ("BUILD", "TARGET")
    for what in ("PLATFORM", "OS", "OSVERSION", "ARCH", "VARIANT")
)

_DIRECTIVE = re.compile(r"#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(\S.*)")
_DIRECTIVES = ("syntax", "escape", "check")
_HEREDOC = re.compile(r"\d*<<(-?)([^<]+)")
_WITH_HEREDOC = ("ADD", "COPY", "RUN")


@dataclass(frozen=True)
class Instruction:
    """An instruction with its continuation lines: the keyword in capitals, and its first line.

    `line` counts from 0.
    """

    keyword: str
    rest: str
    line: int


@dataclass(frozen=True)
class DockerfileStage:
    """A stage: its name in lower case, or its number if it has no name, and its image."""

    name: str
    image: str
    line: int


@dataclass(frozen=True)
class _Dockerfile:
    """A Dockerfile: its stages, the arguments before the first, and its escape character."""

    stages: tuple[DockerfileStage, ...]
    arguments: dict[str, str]
    values: dict[str, str | None]
    escape: str


def base_of(text: str, target: str) -> str:
    """Return the base image of the stage `target`, through all stages between; may be `scratch`.

    Raises NothingToJudgeError if there is no such stage, or if the image depends on a value that
    the Dockerfile does not contain.
    """
    read = _read(text)
    rows = read.stages
    index = _last(rows, target)
    if index is None:
        raise NothingToJudgeError(
            f"The Dockerfile has no stage {target}.",
            why=f"Its stages are: {', '.join(row.name for row in rows) or 'none'}.",
        )
    while True:
        image = rows[index].image
        image = words.expand(image, read.values, read.escape, shown=f"FROM {image}")
        if not image:
            raise NothingToJudgeError(f"The base image of stage {target} is empty.")
        # Only an earlier stage can be meant; FROM does not accept stage numbers.
        before = None if image.isdecimal() else _last(rows[:index], image)
        if before is None:
            return image
        index = before


def default(text: str, name: str) -> str:
    """Return the default of an ARG before the first stage.

    Raises NothingToJudgeError if there is no such argument, or it has no default.
    """
    read = _read(text)
    if name in read.arguments and read.values.get(name) is None:
        # This raises an error that names the missing variable.
        words.expand(read.arguments[name], read.values, read.escape)
    value = read.values.get(name)
    if not value:
        raise NothingToJudgeError(f"The Dockerfile has no argument {name} with a default.")
    return value


def stage(text: str, name: str) -> str:
    """Return the lines of a stage, from its FROM on; raises NothingToJudgeError without it."""
    rows = _read(text).stages
    found = next((row for row in reversed(rows) if row.name == name.lower()), None)
    if found is None or name.isdecimal():
        raise NothingToJudgeError(f"The Dockerfile has no stage {name}.")
    lines = re.findall(r"[^\n]*\n|[^\n]+", text.removeprefix("\ufeff"))
    end = next((row.line for row in rows if row.line > found.line), len(lines))
    return "".join(lines[found.line : end])


def stages(text: str) -> tuple[DockerfileStage, ...]:
    """Return the stages of a Dockerfile in their order; raises NothingToJudgeError."""
    return _read(text).stages


def images_of(text: str) -> tuple[str, ...]:
    """Return the images that the stages of a Dockerfile start from, as far as it says them."""
    found: dict[str, None] = {}
    for row in _read(text).stages:
        try:
            found[base_of(text, row.name)] = None
        except NothingToJudgeError:
            # It depends on a value of the build.
            continue
    return tuple(image for image in found if image != SCRATCH)


def instructions(text: str) -> tuple[list[Instruction], str]:
    """Return the instructions of a Dockerfile, and its escape character.

    The lines of a heredoc are not instructions. Raises NothingToJudgeError for a heredoc without
    an end, and for an invalid escape character.
    """
    lines = [line.rstrip("\r") for line in text.removeprefix("\ufeff").split("\n")]
    escape = _escape(lines)
    found: list[Instruction] = []
    rows = iter(enumerate(lines))
    for number, line in rows:
        logical = "" if _is_comment(line) else _joined(line.lstrip(), rows, escape)
        if not logical.strip():
            continue
        keyword, rest = logical.split(None, 1) if len(logical.split(None, 1)) > 1 else (logical, "")
        found.append(Instruction(keyword.strip().upper(), rest.strip(), number))
        for name, chomp in _heredocs(found[-1], escape):
            _skip(rows, name, chomp=chomp)
    return found, escape


def _read(text: str) -> _Dockerfile:
    rows, escape = instructions(text)
    stages: list[DockerfileStage] = []
    arguments: dict[str, str] = {}
    values: dict[str, str | None] = dict.fromkeys(PLATFORM)
    for row in rows:
        if row.keyword == "FROM":
            stages.append(_stage(row, len(stages)))
        elif row.keyword == "ARG" and not stages:
            _declare(row, arguments, values, escape)
    return _Dockerfile(tuple(stages), arguments, values, escape)


def _stage(row: Instruction, number: int) -> DockerfileStage:
    """Return the stage of a FROM; raises NothingToJudgeError for one that BuildKit refuses."""
    parts = [part for part in row.rest.split() if not part.startswith("--")]
    if len(parts) == 1:
        return DockerfileStage(str(number), parts[0], row.line)
    if len(parts) != 3 or parts[1].upper() != "AS":
        raise NothingToJudgeError(
            f"Invalid FROM in the Dockerfile: {row.rest[:80]!r}.",
            why=f"Line {row.line + 1}: FROM takes an image, optionally followed by AS and a name.",
        )
    return DockerfileStage(parts[2].lower(), parts[0], row.line)


def _declare(
    row: Instruction, arguments: dict[str, str], values: dict[str, str | None], escape: str
) -> None:
    """Store the arguments of an ARG; a value may refer to earlier ones."""
    for word in words.split(row.rest, escape):
        name, is_set, value = word.partition("=")
        if is_set:
            arguments[name] = value
            values[name] = _value(value, values, escape)
        elif name not in PLATFORM:
            values.pop(name, None)


def _value(word: str, values: dict[str, str | None], escape: str) -> str | None:
    """Return the value of an argument; None if it depends on an unknown value."""
    try:
        return words.expand(word, values, escape)
    except NothingToJudgeError:
        return None


def _escape(lines: list[str]) -> str:
    """Return the escape character; parser directives come before everything else."""
    found = "\\"
    for line in lines:
        match = _DIRECTIVE.fullmatch(line.strip())
        if not match or match[1].lower() not in _DIRECTIVES:
            break
        if match[1].lower() == "escape":
            found = match[2]
    if found not in ("\\", "`"):
        raise NothingToJudgeError(f"Invalid escape character in the Dockerfile: {found!r}.")
    return found


def _joined(line: str, rows: Iterator[tuple[int, str]], escape: str) -> str:
    """Return a line joined with its continuation lines, without comments and empty lines."""
    continued = re.compile(rf"(^|[^{re.escape(escape)}]){re.escape(escape)}[ \t]*$")
    parts = [line]
    while continued.search(parts[-1]):
        parts[-1] = continued.sub(r"\1", parts[-1])
        following = next((row for _, row in rows if row.strip() and not _is_comment(row)), None)
        if following is None:
            break
        parts.append(following)
    return "".join(parts)


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith("#")


def _heredocs(row: Instruction, escape: str) -> Iterator[tuple[str, bool]]:
    """Yield the end word of each heredoc, and whether tabs before it are ignored."""
    words_ = words.split(row.rest, escape)
    nested = row.keyword == "ONBUILD" and words_ and words_[0].upper() in _WITH_HEREDOC
    if "<<" not in row.rest or not (row.keyword in _WITH_HEREDOC or nested):
        return
    for word in words_:
        if match := _HEREDOC.fullmatch(word):
            yield re.sub(r"[\"']", "", match[2]), bool(match[1])


def _skip(rows: Iterator[tuple[int, str]], name: str, *, chomp: bool) -> None:
    """Skip the lines of a heredoc; raises NothingToJudgeError if it has no end."""
    for _, line in rows:
        if (line.lstrip("\t") if chomp else line) == name:
            return
    raise NothingToJudgeError(f"Unterminated heredoc in the Dockerfile: {name[:80]}.")


def _last(rows: tuple[DockerfileStage, ...], name: str) -> int | None:
    """Return the index of the last stage of this name; None without one."""
    wanted = name.lower()
    return next((at for at in range(len(rows) - 1, -1, -1) if rows[at].name == wanted), None)
