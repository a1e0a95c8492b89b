"""The story of one project in docs/adopting.md, from a recorded run of the documented commands.

tests/e2e/test_stranger_chains.py types the commands, and compares what they write with the record
in tools/story.json. `python -m tools.story` writes the story into the page. With the file of a new
record, which that test leaves in reports/story.json, it keeps this record first.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
RECORD, PAGE = ROOT / "tools/story.json", ROOT / "docs/adopting.md"
BEGIN, END = "<!-- story: written by tools/story.py -->\n", "<!-- story: end -->\n"
# Where the page says that the project is, and the port of its staging.
HOME, PORT = "~/shop", "8081"
# What is said before each command; the order is that of the record.
TEXTS = (
    "A project as `django-admin startproject` makes it, with Django and gunicorn in its"
    " `requirements.txt`, is to run in staging. `init` looks at it, and writes what is missing:",
    "Nothing has pinned the dependencies yet, so their versions and hashes are compiled, once:",
    "With that committed, one command checks, tests, builds for two platforms, scans, promotes,"
    " deploys to staging and verifies what serves there:",
    "The page of the project is at `http://localhost:8081/` now. The first run has recorded today's"
    " values in `towpath-baseline.json`, which is committed too. A commit later, the same command"
    " replaces the release without an interruption:",
    "The release of before is still there, and one command brings it back:",
    "What runs where:",
)
# uv's and the script's own lines, which depend on what a machine has already.
_NOISE = re.compile(
    r"^(?:Installed|Resolved|Prepared|Downloading|Building|Built|Making|\s+Built)\b"
)
_ROUNDED = (
    (re.compile(r"[ \t]+\d+(?:\.\d+)? s$", re.M), ""),
    (re.compile(r"\d+(?:\.\d+)? MB"), "… MB"),
    (re.compile(r"localhost:\d+/"), "localhost:5000/"),
    # The tree of files that no commit has: here the values that the run itself recorded.
    (re.compile(r"(g[0-9a-f]{7})\.d[0-9a-f]{8}"), r"\1.d12345678"),
)
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:Z| UTC)?")
_NAMES = (re.compile(r"sha256:[0-9a-f]{12,64}"), re.compile(r"0\.0\.0[+-]g[0-9a-f]{7}"))
# A run of the pipeline has steps within its stages, and a table of their results.
_RESULT = re.compile(r"^[✓✗] ")


@dataclass(frozen=True)
class Typed:
    """A command as the page shows it, and everything that it wrote.

    With `results` only the result of each stage is shown.
    """

    command: str
    output: str
    results: bool = False


def record(typed: Sequence[Typed], folder: Path, port: int) -> list[dict[str, object]]:
    """Return the essential of a run: what no later run of the same commands says differently."""
    known: dict[str, str] = {}
    return [
        {"command": row.command, "output": _essential(row, folder, port, known)} for row in typed
    ]


def _essential(row: Typed, folder: Path, port: int, known: dict[str, str]) -> list[str]:
    text = row.output.replace(str(folder), HOME).replace(str(port), PORT)
    for pattern, shown in _ROUNDED:
        text = pattern.sub(shown, text)
    # As wide as before: it may be in a table.
    text = _TIME.sub(lambda match: "…".ljust(len(match[0])), text)
    for pattern in _NAMES:
        text = pattern.sub(lambda match: _named(match[0], known), text)
    lines = [line.rstrip() for line in text.splitlines() if not _NOISE.match(line)]
    return [line for line in lines if line and (not row.results or _RESULT.match(line))]


def _named(name: str, known: dict[str, str]) -> str:
    """Return a digest or version by the order in which it came, as short as it is shown."""
    key = name[:19] if name.startswith("sha256:") else name[-7:]
    number = known.setdefault(key, str(len(known) + 1))
    return f"sha256:{number * 12}" if name.startswith("sha256:") else f"{name[:7]}{number * 7}"


def render(rows: Sequence[dict[str, object]]) -> str:
    """Return the story as Markdown; raises ValueError for a record with other commands."""
    if len(rows) != len(TEXTS):
        raise ValueError(f"The story has {len(TEXTS)} commands, the record {len(rows)}.")
    parts = []
    for text, row in zip(TEXTS, rows, strict=True):
        output = row["output"]
        lines = output if isinstance(output, list) else []
        shown = "\n".join([f"$ {row['command']}", *map(str, lines)])
        parts.append(f"{_wrapped(text)}\n\n```console\n{shown}\n```\n")
    return "\n".join(parts)


def _wrapped(text: str) -> str:
    import textwrap

    return textwrap.fill(text, 120, break_on_hyphens=False, break_long_words=False)


def page(text: str, story: str) -> str:
    """Return the page with this story in it."""
    head, _, rest = text.partition(BEGIN)
    _, found, tail = rest.partition(END)
    if not found:
        raise ValueError(f"The page has no lines {BEGIN.strip()} and {END.strip()}.")
    return f"{head}{BEGIN}\n{story}\n{END}{tail}"


def main(argv: Sequence[str]) -> None:
    """Write the story into the page; a record that is named becomes the one that is kept."""
    if argv:
        RECORD.write_text(Path(argv[0]).read_text(encoding="utf-8"), encoding="utf-8")
    rows = json.loads(RECORD.read_text(encoding="utf-8"))
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), render(rows)), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
