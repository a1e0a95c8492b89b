"""Requirements files in pip's format, and the pins of a compiled one. Pure.

Source: pip's documentation, "Requirements File Format": logical lines, comments, options, encoding.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from packaging.requirements import InvalidRequirement, Requirement

from towpath.core.errors import ConfigurationError

AGAIN = "Compile it again with the tool that wrote it, so that every line is one pin."
# Where packages come from and which kind of file is taken: no requirement, and no pin.
_OPTIONS = re.compile(
    r"-[if]\b|--(?:index-url|extra-index-url|no-index|find-links|no-binary|only-binary"
    r"|prefer-binary|require-hashes|pre|trusted-host|use-feature)\b"
)
_COMMENT = re.compile(r"(?:^|\s)#(.*)$")
_OF_REQUIREMENT = re.compile(r"\s--?[a-z].*$")
_HASH = re.compile(r"\s--hash[= ]\w+:[0-9A-Fa-f]+")
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True)
class Line:
    """A logical line: where it begins, its words, and the comments on it and indented below it."""

    number: int
    words: str
    notes: tuple[str, ...] = ()

    @property
    def is_option(self) -> bool:
        """Whether it says where packages come from, and asks for none."""
        return bool(_OPTIONS.match(self.words))

    @property
    def requirement(self) -> str:
        """The requirement alone, without options of its own such as hashes."""
        return _OF_REQUIREMENT.sub("", self.words)

    @property
    def hashes(self) -> int:
        """How many hashes it allows."""
        return len(_HASH.findall(self.words))

    @property
    def included(self) -> str:
        """The file that it includes, or whose constraints it obeys; empty for others."""
        return self.file("-r", "--requirement") or self.file("-c", "--constraint")

    def file(self, short: str, long: str) -> str:
        """Return the file that an option such as -r or --requirement names; empty for others."""
        match = re.match(rf"(?:{short}\s*|{long}(?:\s*=\s*|\s+))(\S.*)", self.words)
        return match[1].strip() if match else ""


def decode(raw: bytes, source: str) -> str:
    """Return the text of a requirements file: UTF-8, or what its byte order mark says.

    Raises ConfigurationError for bytes that are no such text.
    """
    for mark, encoding in _BYTE_ORDER_MARKS:
        if raw.startswith(mark):
            break
    else:
        mark, encoding = b"", "utf-8"
    try:
        return raw.removeprefix(mark).decode(encoding)
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            f"{source} is not {encoding.upper()} text.",
            why=str(error),
            next_step="Save it as UTF-8.",
        ) from error


def lines(text: str) -> list[Line]:
    """Return the logical lines of a requirements file, empty ones and whole comments left out."""
    found: list[Line] = []
    for number, words, notes in _joined(text.removeprefix("\ufeff").splitlines()):
        last = found[-1] if found else None
        if last and number and (not words or words.startswith("--hash")):
            joined = f"{last.words} {words}".strip()
            found[-1] = Line(last.number, joined, (*last.notes, *notes))
        elif words:
            found.append(Line(number, words, notes))
    return found


def included(file: str, text: str) -> list[str]:
    """Return the files that a requirements file includes or obeys, as paths like its own."""
    found = []
    for row in lines(text):
        if row.included and "://" not in row.included:
            found.append((PurePosixPath(file).parent / row.included).as_posix())
    return found


def is_hashed(text: str) -> bool:
    """Tell whether every requirement of a file has a hash, so that each can be checked."""
    pins = [row for row in lines(text) if not (row.is_option or row.included)]
    return bool(pins) and all(row.hashes for row in pins)


def read_requirements(text: str, source: str) -> list[tuple[str, str]]:
    """Return (name, version) of every pin, those for other platforms too.

    Raises ConfigurationError for a requirement that is no pin (it would be a guess what is
    installed) and for a file without any.
    """
    rows = [line for line in lines(text) if not line.is_option]
    if not rows:
        raise ConfigurationError(f"{source} has no pins.", next_step=AGAIN)
    return [_pin(line, source) for line in rows]


def pinned(line: Line) -> Requirement:
    """Return the requirement of a pin; raises ValueError that says why a line is none."""
    if line.included:
        raise ValueError("it includes another file, whose pins are not in this one")
    if line.words.startswith(("-e", "--editable", ".", "/")):
        raise ValueError("it installs a directory, which has no version and no hash")
    if line.words.startswith("-"):
        raise ValueError("it is an option without a requirement")
    try:
        found = Requirement(line.requirement)
    except InvalidRequirement as error:
        raise ValueError(str(error).partition("\n")[0]) from error
    if found.url:
        raise ValueError("it installs from a URL without a fixed version")
    if version(found) is None:
        raise ValueError("it allows more than one version")
    return found


def version(requirement: Requirement) -> str | None:
    """Return the one version that a requirement allows; None where it allows more."""
    exact = [row for row in requirement.specifier if row.operator in ("==", "===")]
    if len(exact) != 1 or exact[0].version.endswith(".*"):
        return None
    return exact[0].version


def _pin(line: Line, source: str) -> tuple[str, str]:
    try:
        found = pinned(line)
    except ValueError as error:
        raise ConfigurationError(
            f"{source} has a line that is not a pin: {line.requirement!r}",
            why=f"Line {line.number}: {error}.",
            next_step=AGAIN,
        ) from error
    return found.name, str(version(found))


def _joined(rows: Iterable[str]) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    """Yield number, words and comments of each logical line.

    The number of a comment that is not indented is 0: it belongs to no requirement.
    """
    first, words, notes = 0, "", []
    for number, row in enumerate(rows, 1):
        comment = _COMMENT.search(row)
        if comment:
            notes.append(comment[1].strip())
        code = row[: comment.start()] if comment else row
        first = first or number
        words = f"{words} {code.rstrip().removesuffix(chr(92)).strip()}".strip()
        if code.rstrip().endswith("\\"):
            continue
        yield first if words or row[:1].isspace() else 0, words, tuple(notes)
        first, words, notes = 0, "", []
    if words:
        yield first, words, tuple(notes)
