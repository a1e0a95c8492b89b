"""What `black --check` said: it has no machine format, so its names are held to its summary."""

from __future__ import annotations

import re

from towpath.readers.findings import (
    Finding,
    Ran,
    require_agreement,
    require_all,
    require_ran,
    unread,
)

_NAMED = re.compile(r"^would reformat (.+)$", re.MULTILINE)
_COUNTS = re.compile(r"(\d+) files? would be (reformatted|left unchanged)")


def read(ran: Ran) -> list[Finding]:
    """Return the files that black would change.

    Raises NothingToJudgeError if black crashed, could not read a file, or its summary is missing
    or does not add up.
    """
    require_ran("black", ran)
    counts = {kind: int(number) for number, kind in _COUNTS.findall(ran.stderr)}
    found = [
        Finding(path, 0, "BLACK", "would be reformatted") for path in _NAMED.findall(ran.stderr)
    ]
    if counts.get("reformatted", 0) != len(found):
        raise unread("black", "Its summary and the files that it names do not agree.")
    require_all("black", ran, sum(counts.values()))
    require_agreement("black", ran, bool(found))
    return found
