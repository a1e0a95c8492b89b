"""What `isort --check-only --verbose` said: one line for each file, good or bad."""

from __future__ import annotations

import re

from towpath.readers.findings import Finding, Ran, require_agreement, require_all, require_ran

_BAD = re.compile(r"^ERROR: (.+) Imports are incorrectly sorted", re.MULTILINE)
_GOOD = re.compile(r"^SUCCESS: .+ Everything Looks Good!$", re.MULTILINE)


def read(ran: Ran) -> list[Finding]:
    """Return the files whose imports are out of order.

    Raises NothingToJudgeError if isort crashed or passed over a file.
    """
    require_ran("isort", ran)
    text = f"{ran.stdout}\n{ran.stderr}"
    found = [Finding(path, 0, "ISORT", "imports are out of order") for path in _BAD.findall(text)]
    require_all("isort", ran, len(found) + len(_GOOD.findall(text)))
    require_agreement("isort", ran, bool(found))
    return found
