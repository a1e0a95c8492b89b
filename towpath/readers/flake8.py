"""What `flake8 --benchmark` said: findings in its default format, then what it has counted."""

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

_FINDING = re.compile(r"(.+?):(\d+):(\d+): ([A-Z]+\d+) (.*)")
_COUNT = re.compile(r"[\d.]+ +(.+)")
_FILES = re.compile(r"^(\d+) +total files processed$", re.MULTILINE)


def read(ran: Ran) -> list[Finding]:
    """Return what flake8 found.

    Raises NothingToJudgeError if it crashed, wrote a line of another form, or did not count every
    file.
    """
    require_ran("flake8", ran)
    found = []
    for line in ran.stdout.splitlines():
        if match := _FINDING.fullmatch(line):
            path, row, _, code, message = match.groups()
            found.append(Finding(path, int(row), code, message))
        elif not _COUNT.fullmatch(line):
            raise unread("flake8", f"It wrote a line of no known form: {line!r}")
    count = _FILES.search(ran.stdout)
    require_all("flake8", ran, int(count[1]) if count else 0)
    require_agreement("flake8", ran, bool(found))
    return found
