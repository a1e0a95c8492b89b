"""Read the output of our isort wrapper: one line for each file."""

from __future__ import annotations

import re

from towpath.core.findings import (
    EXCLUSION,
    Exclusion,
    Finding,
    FindingOrExclusion,
    ToolResult,
    require_agreement,
    require_all,
    require_ran,
)

_BAD = re.compile(r"^ERROR: (.+) Imports are incorrectly sorted", re.MULTILINE)
_GOOD = re.compile(r"^SUCCESS: .+ Everything Looks Good!$", re.MULTILINE)


def read_isort(ran: ToolResult) -> list[FindingOrExclusion]:
    """Return the files whose imports are out of order, and those that the project leaves out.

    Raises NothingToJudgeError if isort crashed or passed over a file.
    """
    require_ran("isort", ran)
    text = f"{ran.stdout}\n{ran.stderr}"
    found = [Finding(path, 0, "ISORT", "imports are out of order") for path in _BAD.findall(text)]
    exclusions = [Exclusion(path, why) for path, why in EXCLUSION.findall(text)]
    require_all("isort", ran, len(found) + len(_GOOD.findall(text)) + len(exclusions))
    require_agreement("isort", ran, bool(found))
    return [*found, *exclusions]
