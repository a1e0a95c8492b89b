"""Escaping of text from outside for where it is shown: a terminal, a CI log, Markdown.

Names of stages, branches and tags, titles of findings and output of tools come from repositories,
registries and programs: what would move a cursor, start a workflow command or load an image is
shown literally.
"""

from __future__ import annotations

import re

# Control characters but tab and newline, and those that turn the direction of text around.
# Source: Unicode Standard Annex 9, section 2; ECMA-48.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
# Source: actions/runner, src/Runner.Common/ActionCommand.cs: `::` counts at the start of a line,
# behind white space too, `##[` anywhere in it.
_COMMAND = re.compile(r"^(\s*)(?=::)|##(?=\[)", re.MULTILINE)
# Source: CommonMark 0.31.2, section 2.4: each punctuation character may be escaped.
# Within a word an underscore is a letter, and names of files and gates stay readable.
_MARKDOWN = re.compile(r"([\\`*\[\]!~|#]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9]))")
_TAG = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def visible(text: str, *, colours: bool = False) -> str:
    """Return text whose control characters are written as `\\x1b`; with `colours` those stay."""
    if colours:
        parts = _COLOUR.split(text.replace("\r\n", "\n"))
        marks = [*_COLOUR.findall(text), ""]
        return "".join(visible(part) + mark for part, mark in zip(parts, marks, strict=True))
    return _CONTROL.sub(lambda found: ascii(found.group())[1:-1], text.replace("\r\n", "\n"))


def without_commands(text: str) -> str:
    """Return text in which GitHub finds no workflow command: `::x` is `> ::x`, `##[` is `# #[`."""
    return _COMMAND.sub(lambda found: "# #" if found.group() == "##" else f"{found[1]}> ", text)


def command_value(text: str) -> str:
    """Return text as the message of a workflow command of GitHub: on one line.

    Source: GitHub docs, "Workflow commands for GitHub Actions"; actions/toolkit, command.ts.
    """
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def command_property(text: str) -> str:
    """Return text as a property, such as file, of a workflow command of GitHub."""
    return command_value(text).replace(":", "%3A").replace(",", "%2C")


def markdown(text: str) -> str:
    """Return text as one cell of a Markdown table that shows it literally."""
    plain = re.sub(r"[&<>]", lambda found: _TAG[found.group()], visible(text))
    return _MARKDOWN.sub(r"\\\1", plain).replace("\n", "<br>")
