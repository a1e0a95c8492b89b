"""What was found in a project: one value, where it is written, and why it counts. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

# Why production needs a variable: a secret, the secret key even where it has a default, or another.
SECRET, SECRET_KEY, REQUIRED = "secret, required", "the secret key", "required"
OPTIONAL = "has a default"
# Why a candidate was taken that a person named.
ANSWERED = "as answered"
# The path of a project inside its git repository, where there is no repository.
NO_REPOSITORY = "?"


class Tree(Protocol):
    """A read-only view of a project's files; paths are relative, with slashes."""

    @property
    def paths(self) -> tuple[str, ...]:
        """Every file, sorted."""

    def text(self, path: str) -> str | None:
        """Return a file's text; None for one that is missing or cannot be read as text."""


@dataclass(frozen=True)
class Fact:
    """One value of a topic, the line that says so, and how it was concluded."""

    topic: str
    value: str
    file: str = ""
    line: int = 0
    why: str = ""

    @property
    def where(self) -> str:
        """The file and line, as editors read them."""
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True)
class Question:
    """A topic with several candidates that nothing in the project decides between."""

    topic: str
    candidates: tuple[Fact, ...]


@dataclass(frozen=True)
class Detection:
    """Everything that was found, what has to be asked, and what could not be read."""

    facts: tuple[Fact, ...]
    questions: tuple[Question, ...] = ()
    problems: tuple[Fact, ...] = ()

    def all(self, topic: str) -> tuple[Fact, ...]:
        """Return the facts of a topic, the most certain first."""
        return tuple(row for row in self.facts if row.topic == topic)

    def value(self, topic: str) -> str:
        """Return the most certain value of a topic, an empty string without one."""
        return next((row.value for row in self.facts if row.topic == topic), "")

    def values(self, topic: str) -> tuple[str, ...]:
        """Return every value of a topic."""
        return tuple(row.value for row in self.all(topic))


def distinct(facts: Iterable[Fact]) -> Iterator[Fact]:
    """Yield the first fact of each topic and value."""
    seen: set[tuple[str, str]] = set()
    for row in facts:
        if (row.topic, row.value) not in seen:
            seen.add((row.topic, row.value))
            yield row


def line_of(text: str, start: int) -> int:
    """Return the number of the line that a position in a text is on."""
    return text.count("\n", 0, start) + 1
