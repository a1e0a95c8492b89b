"""Read the output of `flake8 --benchmark`: findings in the default format, then counts."""

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
    unread,
)

_FINDING = re.compile(r"(.+?):(\d+):(\d+): ([A-Z]+\d+) (.*)")
# Of numbers above 100 it writes `1.15e+02`: %.3g of C, as flake8 formats its statistics.
_COUNT = re.compile(r"[\d.]+(?:e[+-]\d+)? +(.+)")
# A file that the settings exclude is not counted; one that a comment leaves out is.
_EXCLUDED = "the settings exclude it"
_FILES = re.compile(r"^(\d+) +total files processed$", re.MULTILINE)


def read_flake8(ran: ToolResult) -> list[FindingOrExclusion]:
    """Return what flake8 found, and the files that the project leaves out.

    Raises NothingToJudgeError if it crashed, wrote a line of another form, or did not count every
    file.
    """
    require_ran("flake8", ran)
    found: list[FindingOrExclusion] = []
    exclusions: list[FindingOrExclusion] = []
    for line in ran.stdout.splitlines():
        if match := _FINDING.fullmatch(line):
            path, row, _, code, message = match.groups()
            found.append(Finding(path, int(row), code, message))
        elif match := EXCLUSION.fullmatch(line):
            exclusions.append(Exclusion(match[1], match[2]))
        elif not _COUNT.fullmatch(line):
            raise unread("flake8", f"Unexpected line in its output: {line!r}")
    count = _FILES.search(ran.stdout)
    excluded = sum(isinstance(row, Exclusion) and row.why == _EXCLUDED for row in exclusions)
    require_all("flake8", ran, (int(count[1]) if count else 0) + excluded)
    require_agreement("flake8", ran, bool(found))
    return [*found, *exclusions]
