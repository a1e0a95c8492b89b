"""Which image a stage of a Dockerfile starts from, and its lines. Pure.

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
# What BuildKit knows without being told, and the Dockerfile does not say.
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
    """An instruction, continued lines joined: its keyword in capitals, and where it starts.

    `line` counts from 0.
    """

    keyword: str
    rest: str
    line: int


@dataclass(frozen=True)
class DockerfileStage:
    """A stage: its name in small letters, or its number where it has none, and its image."""

    name: str
    image: str
    line: int


@dataclass(frozen=True)
class _Read:
    """A Dockerfile: its stages, the arguments before the first, and its escape character."""

    stages: tuple[DockerfileStage, ...]
    arguments: dict[str, str]
    values: dict[str, str | None]
    escape: str


def base_of(text: str, target: str) -> str:
    """Return the image that the stage `target` starts from, through all stages between.

    `scratch` is an image without anything. Raises NothingToJudgeError where the stage is not there
    or the name depends on something that the Dockerfile itself does not say.
    """
    read = _read(text)
    rows = read.stages
    found = _last(rows, target)
    if found is None:
        raise NothingToJudgeError(
            f"The Dockerfile has no stage {target}.",
            why=f"It has {', '.join(row.name for row in rows) or 'none'}.",
        )
    while True:
        image = rows[found].image
        image = words.expand(image, read.values, read.escape, shown=f"FROM {image}")
        if not image:
            raise NothingToJudgeError(f"The stage {target} starts from an empty name.")
        # Only a stage that stands before is one; a number names none here.
        before = None if image.isdecimal() else _last(rows[:found], image)
        if before is None:
            return image
        found = before


def default(text: str, name: str) -> str:
    """Return what an argument before the first stage is where nobody gives it.

    Raises NothingToJudgeError where there is none of this name, or it has no default.
    """
    read = _read(text)
    if name in read.arguments and read.values.get(name) is None:
        # It says on what its value depends.
        words.expand(read.arguments[name], read.values, read.escape)
    found = read.values.get(name)
    if not found:
        raise NothingToJudgeError(f"The Dockerfile has no argument {name} with a default.")
    return found


def stage(text: str, name: str) -> str:
    """Return the lines of a stage, its FROM the first; raises NothingToJudgeError without it."""
    rows = _read(text).stages
    found = next((row for row in reversed(rows) if row.name == name.lower()), None)
    if found is None or name.isdecimal():
        raise NothingToJudgeError(f"The Dockerfile has no stage {name}.")
    lines = re.findall(r"[^\n]*\n|[^\n]+", text.removeprefix("\ufeff"))
    end = next((row.line for row in rows if row.line > found.line), len(lines))
    return "".join(lines[found.line : end])


def instructions(text: str) -> tuple[list[Instruction], str]:
    """Return the instructions of a Dockerfile, and its escape character.

    The lines of a heredoc are no instructions. Raises NothingToJudgeError for a heredoc without
    an end, and an escape character that is none.
    """
    lines = [line.rstrip("\r") for line in text.removeprefix("\ufeff").split("\n")]
    escape = _escape(lines)
    found: list[Instruction] = []
    rows = iter(enumerate(lines))
    for number, line in rows:
        whole = "" if _is_comment(line) else _joined(line.lstrip(), rows, escape)
        if not whole.strip():
            continue
        keyword, rest = whole.split(None, 1) if len(whole.split(None, 1)) > 1 else (whole, "")
        found.append(Instruction(keyword.strip().upper(), rest.strip(), number))
        for name, chomp in _heredocs(found[-1], escape):
            _skip(rows, name, chomp=chomp)
    return found, escape


def _read(text: str) -> _Read:
    rows, escape = instructions(text)
    stages: list[DockerfileStage] = []
    arguments: dict[str, str] = {}
    values: dict[str, str | None] = dict.fromkeys(PLATFORM)
    for row in rows:
        if row.keyword == "FROM":
            stages.append(_stage(row, len(stages)))
        elif row.keyword == "ARG" and not stages:
            _declare(row, arguments, values, escape)
    return _Read(tuple(stages), arguments, values, escape)


def _stage(row: Instruction, number: int) -> DockerfileStage:
    """Return the stage of a FROM; raises NothingToJudgeError for one that BuildKit refuses."""
    parts = [part for part in row.rest.split() if not part.startswith("--")]
    if len(parts) == 1:
        return DockerfileStage(str(number), parts[0], row.line)
    if len(parts) != 3 or parts[1].upper() != "AS":
        raise NothingToJudgeError(
            f"The Dockerfile has a FROM that cannot be read: {row.rest[:80]!r}.",
            why=f"It is in line {row.line + 1}; FROM takes one image, or three words with AS.",
        )
    return DockerfileStage(parts[2].lower(), parts[0], row.line)


def _declare(
    row: Instruction, arguments: dict[str, str], values: dict[str, str | None], escape: str
) -> None:
    """Keep what the arguments of an ARG are; one may be made of those before it."""
    for word in words.split(row.rest, escape):
        name, is_set, value = word.partition("=")
        if is_set:
            arguments[name] = value
            values[name] = _value(value, values, escape)
        elif name not in PLATFORM:
            values.pop(name, None)


def _value(word: str, values: dict[str, str | None], escape: str) -> str | None:
    """Return what an argument is; None where that depends on what is not known here."""
    try:
        return words.expand(word, values, escape)
    except NothingToJudgeError:
        return None


def _escape(lines: list[str]) -> str:
    """Return the escape character; directives stand before everything else."""
    found = "\\"
    for line in lines:
        match = _DIRECTIVE.fullmatch(line.strip())
        if not match or match[1].lower() not in _DIRECTIVES:
            break
        if match[1].lower() == "escape":
            found = match[2]
    if found not in ("\\", "`"):
        raise NothingToJudgeError(f"The Dockerfile has an escape character that is none: {found!r}")
    return found


def _joined(line: str, rows: Iterator[tuple[int, str]], escape: str) -> str:
    """Return a line with those that continue it; comments and empty lines between go."""
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
    """Yield how each heredoc of an instruction ends, and whether tabs before that count not."""
    words_ = words.split(row.rest, escape)
    nested = row.keyword == "ONBUILD" and words_ and words_[0].upper() in _WITH_HEREDOC
    if "<<" not in row.rest or not (row.keyword in _WITH_HEREDOC or nested):
        return
    for word in words_:
        if match := _HEREDOC.fullmatch(word):
            yield re.sub(r"[\"']", "", match[2]), bool(match[1])


def _skip(rows: Iterator[tuple[int, str]], name: str, *, chomp: bool) -> None:
    """Go on behind the end of a heredoc; raises NothingToJudgeError where it has none."""
    for _, line in rows:
        if (line.lstrip("\t") if chomp else line) == name:
            return
    raise NothingToJudgeError(f"The Dockerfile has a heredoc without its end: {name[:80]}")


def _last(rows: tuple[DockerfileStage, ...], name: str) -> int | None:
    """Return where the last stage of this name is."""
    wanted = name.lower()
    return next((at for at in range(len(rows) - 1, -1, -1) if rows[at].name == wanted), None)
