"""Where a threshold stands that is not in the table of gates: there are words that bring one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from towpath.core.findings import Finding

# Settings and options by which the tools of this house would judge on their own.
WORDS = re.compile(
    r"fail[_-]under|max[_-](?:complexity|cognitive[_-]complexity|doc[_-]length)|maxfail"
    r"|failure[_-]threshold|min[_-]severity|severity[_-](?:level|threshold)|(?:fail|exit)-on\b"
)
CODE = "TWP6"
WHY = "a threshold stands in towpath/gates.py and nowhere else"


def find(path: str, text: str) -> Iterator[Finding]:
    """Yield each line of a settings file, script or workflow that brings a threshold."""
    for number, line in enumerate(text.splitlines(), 1):
        if match := WORDS.search(line):
            yield Finding(path, number, CODE, f"{match[0]}: {WHY}")
