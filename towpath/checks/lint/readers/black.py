"""Read the output of `black --check --verbose`.

It has no machine-readable format, so the files that it names are compared with its summary. With
`--verbose`, settings cannot suppress the output.
"""

from __future__ import annotations

import re

from towpath.core.findings import (
    Exclusion,
    Finding,
    FindingOrExclusion,
    ToolResult,
    require_agreement,
    require_all,
    require_ran,
    unread,
)

_NAMED = re.compile(r"^would reformat (.+)$", re.MULTILINE)
_IGNORED = re.compile(r"^(.+) ignored: (.+)$", re.MULTILINE)
_COUNTS = re.compile(r"(\d+) files? would be (reformatted|left unchanged)")


def read_black(ran: ToolResult) -> list[FindingOrExclusion]:
    """Return the files that black would change, and those that the project leaves out.

    Raises NothingToJudgeError if black crashed, could not read a file, or its summary is missing
    or does not add up.
    """
    require_ran("black", ran)
    counts = {kind: int(number) for number, kind in _COUNTS.findall(ran.stderr)}
    found: list[FindingOrExclusion] = [
        Finding(path, 0, "BLACK", "would be reformatted") for path in _NAMED.findall(ran.stderr)
    ]
    if counts.get("reformatted", 0) != len(found):
        raise unread("black", "Its summary does not match the files that it lists.")
    exclusions = [Exclusion(path, why) for path, why in _IGNORED.findall(ran.stderr)]
    require_all("black", ran, sum(counts.values()) + len(exclusions))
    require_agreement("black", ran, bool(found))
    return [*found, *exclusions]
