"""Every error that people can meet has a section in docs/troubleshooting.md, and no other has."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tools.reference.__main__ import TROUBLESHOOTING, package_messages
from tools.reference.messages import (
    HOLE,
    Message,
    UnknownMessageError,
    messages,
    template,
)
from tools.reference.troubleshooting import PARTS, Section, found_in, index, sections

ROOT = Path(__file__).parents[2]
MESSAGES = package_messages()
SECTIONS = sections(TROUBLESHOOTING.read_text(encoding="utf-8"))
# Letters of a message that a test has to show for it to be about that message.
LEAST = 6


def test_every_error_has_a_section() -> None:
    """One that names its exit code too; each line that is missing here has to be put into one."""
    assert len(MESSAGES) > 300
    assert [(row.code, row.text) for row in MESSAGES if not found_in(row, SECTIONS)] == []


def test_no_section_has_an_error_that_is_gone() -> None:
    """A message that was changed in the code is changed on the page."""
    known = {row.text for row in MESSAGES}

    assert [text for row in SECTIONS for text in row.messages if text not in known] == []


@pytest.mark.parametrize("section", SECTIONS, ids=lambda row: row.anchor)
def test_a_section_says_why_and_what_to_do_and_was_tried(section: Section) -> None:
    """Its exit codes are those of its messages; the tests that tried it are about one of them."""
    places = [section.text.find(f"\n{part}") for part in PARTS]
    own = [row for row in MESSAGES if row.text in section.messages and row.code in section.codes]

    assert -1 not in places
    assert places == sorted(places)
    assert section.codes == tuple(sorted({row.code for row in own}))
    assert len(section.messages) == len(set(section.messages))
    assert section.tests
    for name in section.tests:
        assert _is_about((ROOT / name).read_text(encoding="utf-8"), own), name


def _is_about(test: str, own: list[Message]) -> bool:
    """Tell whether a test shows words of a message, or names a module that raises one."""
    words = {part.strip() for row in own for part in row.text.split(HOLE)}
    modules = {Path(module).stem for row in own for module in row.modules}
    shown = any(len(part) >= LEAST and part in test for part in words)
    return shown or any(re.search(rf"\b{name}\b", test) for name in modules)


def test_the_titles_differ() -> None:
    """Each is an anchor that the index points at."""
    anchors = [row.anchor for row in SECTIONS]

    assert len(anchors) == len(set(anchors))


SOURCE = '''
class BrokenError(ConfigurationError):
    """An error of this module."""

def act(kind, name, error):
    what = f"{name} is gone." if kind else "Nothing is there."
    raise BrokenError(what, why="x")
    raise errors.LockedError("It is " f"{name!r}.{nearest(name)}")
    raise RegistryError(f"Not {name}", why="x") from error
    raise ConfigurationError(error.what)
    raise ValueError("of Python")
'''


def test_the_messages_of_a_module_are_found() -> None:
    """By their class, its code, and the text, given by name or in place, without a hint."""
    assert messages({"a.py": SOURCE}) == [
        Message("It is ….", 8, ("a.py",)),
        Message(f"Not {HOLE}", 5, ("a.py",)),
        Message("Nothing is there.", 2, ("a.py",)),
        Message("… is gone.", 2, ("a.py",)),
    ]


def test_an_error_whose_words_are_not_in_the_code_is_refused() -> None:
    """It would have no section, and nobody would notice."""
    with pytest.raises(UnknownMessageError, match=r"a.py:1: words\(\)"):
        messages({"a.py": "raise ConfigurationError(words())"})


@pytest.mark.parametrize(
    ("code", "expected"),
    [("'a'", "a"), ("f'a {b}: {c}.'", "a …: …."), ("'a ' + b", "a …"), ("a(b)", ""), ("1", "")],
)
def test_a_text_has_a_mark_for_each_value(code: str, expected: str) -> None:
    """Whatever else is no text."""
    assert template(ast.parse(code, mode="eval").body) == expected


def test_the_index_leads_to_the_sections() -> None:
    """A message that is in two of them has the one with its code."""
    page = (
        "### First one?\n\n```\nx …\n```\n\n**Why** (exit code 2): y\n"
        "### Second\n\n```\nx …\n```\n\n**Why** (exit codes 3 and 5): y\n## Other\n\nNothing.\n"
    )

    found = index([Message("x …", 5)], sections(page))

    assert found.splitlines()[-1] == "| `x …` | 5 | [Second](../troubleshooting.md#second) |"
    assert [row.anchor for row in sections(page)] == ["first-one", "second"]
