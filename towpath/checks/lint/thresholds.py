"""Find thresholds outside the table of gates, by the options that set them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from towpath.core.findings import Finding

# Settings and options with which a tool would apply its own threshold.
WORDS = re.compile(
    r"fail[_-]under|max[_-](?:complexity|cognitive[_-]complexity|doc[_-]length)|maxfail"
    r"|failure[_-]threshold|min[_-]severity|severity[_-](?:level|threshold)|(?:fail|exit)-on\b"
)
CODE = "TWP6"
WHY = "thresholds belong in towpath/gates.py only"


def find(path: str, text: str) -> Iterator[Finding]:
    """Yield each line of a settings file, script or workflow that sets a threshold."""
    for number, line in enumerate(text.splitlines(), 1):
        if match := WORDS.search(line):
            yield Finding(path, number, CODE, f"{match[0]}: {WHY}")
