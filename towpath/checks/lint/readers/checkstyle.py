"""Read the Checkstyle output of hadolint and shellcheck, which lists clean files too."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from towpath.checks import xml_documents as elements
from towpath.checks.xml_documents import Element
from towpath.core.findings import (
    Finding,
    ToolResult,
    require_agreement,
    require_all,
    require_ran,
    unexpected,
    unread,
)

# What hadolint cannot parse has no code in this format; this is the one in its others.
SYNTAX = "DL1000"


def hadolint(ran: ToolResult) -> list[Finding]:
    """Return what `hadolint --format=checkstyle` found; raises as `read` does.

    By its settings it may end with 0 whatever it found, and write another report before ours: what
    it found counts.
    """
    _, head, report = ran.stdout.rpartition("<?xml")
    code = 1 if ran.code == 0 and "<error" in report else ran.code
    return read_checkstyle("hadolint", replace(ran, code=code, stdout=f"{head}{report}"))


def shellcheck(ran: ToolResult) -> list[Finding]:
    """Return what `shellcheck --format=checkstyle` found; raises as `read` does."""
    return read_checkstyle("shellcheck", ran)


def read_checkstyle(tool: str, ran: ToolResult) -> list[Finding]:
    """Return what the tool found, of every level.

    Raises NothingToJudgeError if it crashed, could not read a file, passed over one, or wrote half
    a document.
    """
    require_ran(tool, ran)
    if not ran.stdout.strip():
        raise unread(tool, "No output.")
    try:
        root = elements.parse_xml(ran.stdout)
    except ValueError as error:
        raise unread(tool, f"Its report is not valid XML: {error}.") from error
    try:
        files = root.findall("file") if root.tag == "checkstyle" else []
        found = [finding for file in files for finding in _findings(file)]
        names = {file.attrib["name"] for file in files}
    except (KeyError, ValueError) as error:
        raise unexpected(tool, error) from error
    require_all(tool, ran, len(names))
    require_agreement(tool, ran, bool(found))
    return found


def _findings(file: Element) -> Iterator[Finding]:
    for row in file.findall("error"):
        code = row.attrib.get("source", SYNTAX).removeprefix("ShellCheck.")
        yield Finding(file.attrib["name"], int(row.attrib["line"]), code, row.attrib["message"])
