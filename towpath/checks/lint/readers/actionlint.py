"""Read the output of `actionlint -verbose -format '{{json .}}'`."""

from __future__ import annotations

import re

from towpath.core.findings import (
    Finding,
    ToolResult,
    documents,
    require_agreement,
    require_all,
    require_ran,
    unexpected,
    unread,
)

_READ = re.compile(r"^verbose: Found total \d+ errors in \d+ ms for (.+)$", re.MULTILINE)
_BLIND = re.compile(r'^verbose: Rule "shellcheck" was disabled: (.+)$', re.MULTILINE)


def read_actionlint(ran: ToolResult) -> list[Finding]:
    """Return what actionlint found.

    Raises NothingToJudgeError if it crashed, passed over a file, wrote half a document, or could
    not start shellcheck, by which it judges the scripts in workflows.
    """
    require_ran("actionlint", ran)
    try:
        found = [
            Finding(row["filepath"], int(row["line"]), row["kind"], row["message"])
            for row in documents("actionlint", ran.stdout)
        ]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise unexpected("actionlint", error) from error
    if blind := _BLIND.search(ran.stderr):
        raise unread("actionlint", f"It did not read the scripts: {blind[1]}")
    require_all("actionlint", ran, len(set(_READ.findall(ran.stderr))))
    require_agreement("actionlint", ran, bool(found))
    return found
