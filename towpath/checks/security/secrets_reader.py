"""What detect-secrets found in the tree, less what a person has reviewed as no secret."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from towpath.core import documents
from towpath.core.errors import ConfigurationError
from towpath.core.findings import (
    LIMIT,
    Finding,
    LeftOut,
    ToolResult,
    document,
    require_agreement,
    require_all,
    require_ran,
    unread,
)

TOOL = "detect-secrets"
BASELINE = ".secrets.baseline"

_CHECKED = re.compile(r"^\[\w+\]\tINFO\tChecking file: (.+)$", re.MULTILINE)
# A kind of file that it never reads, such as a picture or a lock file.
_LEFT_OUT = re.compile(
    r'^\[\w+\]\tINFO\tSkipping "(.+)" due to '
    r"`detect_secrets\.filters\.(?:common|heuristic)\.is_\w+_file`$",
    re.MULTILINE,
)


# A secret that a comment on its line, or on the one before, says to be none; the file is the last
# that was named.
_ALLOWED = re.compile(r"^\[\w+\]\tINFO\tSkipping secret due to `[\w.]+\.is_line_allowlisted`\.$")


@dataclass(frozen=True)
class Key:
    """What makes two findings one: file, kind and the hash of the secret, but not the line."""

    path: str
    kind: str
    hashed: str


@dataclass(frozen=True)
class Secrets:
    """What was found and not reviewed, how many were, and reviews of what is not there any more.

    `looked_at` and `left_out` are numbers of files, `allowed` are the files in which comments say
    of secrets that they are none.
    """

    findings: tuple[Finding, ...]
    reviewed: int
    stale: tuple[str, ...]
    looked_at: int
    left_out: int
    allowed: tuple[LeftOut, ...] = ()


def baseline(text: str) -> dict[Key, bool | None]:
    """Return the entries of a baseline: False is no secret, True is one, None was not reviewed.

    Raises ConfigurationError for a text that is no baseline; an empty one has no entry.
    """
    if not text:
        return {}
    try:
        rows = list(_rows(documents.loads(text, LIMIT)))
        reviews = {key: row.get("is_secret") for key, row in rows}
        if odd := [value for value in reviews.values() if not isinstance(value, bool | None)]:
            raise ValueError(f"is_secret is {odd[0]!r}")
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ConfigurationError(
            f"{BASELINE} is no baseline of detect-secrets.",
            why=f"{type(error).__name__}: {error}",
            next_step="Make it again: docs/security.md says how.",
        ) from error
    return reviews


def read_secrets(ran: ToolResult, reviews: Mapping[Key, bool | None]) -> Secrets:
    """Return what detect-secrets found in the files that it was given.

    Only a review that says "no secret" excuses a finding. Raises NothingToJudgeError if the tool
    crashed, wrote half a document, had no detector, or has not looked at every file.
    """
    require_ran(TOOL, ran)
    looked_at, left_out = set(_CHECKED.findall(ran.stderr)), set(_LEFT_OUT.findall(ran.stderr))
    require_all(TOOL, ran, len(looked_at | left_out))
    rows = _found(ran)
    require_agreement(TOOL, ran, bool(rows))
    seen = {key for key, _ in rows}
    return Secrets(
        tuple(_finding(key, row, reviews) for key, row in rows if reviews.get(key) is not False),
        sum(reviews.get(key) is False for key in seen),
        tuple(f"{key.path}: {key.kind}" for key in reviews if key not in seen),
        len(looked_at),
        len(left_out),
        tuple(_allowed(ran.stderr)),
    )


def _allowed(log: str) -> Iterator[LeftOut]:
    counts: Counter[str] = Counter()
    path = ""
    for line in log.splitlines():
        if match := _CHECKED.fullmatch(line):
            path = match[1]
        elif _ALLOWED.fullmatch(line):
            counts[path] += 1
    for path, count in counts.items():
        yield LeftOut(path, f"pragma: allowlist secret left out a secret: {count} x")


def _found(ran: ToolResult) -> list[tuple[Key, Mapping[str, Any]]]:
    """Return the rows of a report; where nothing is found the tool writes none, and ends with 0."""
    if ran.code == 0 and not ran.stdout.strip():
        return []
    report = document(TOOL, ran.stdout)
    try:
        if not report["plugins_used"]:
            raise unread(TOOL, "It had no detector to look with.")
        rows = list(_rows(report))
        _ = [int(row["line_number"]) for _, row in rows]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise unread(TOOL, f"Its report lacks or spoils {error}.") from error
    return rows


def _rows(report: Mapping[str, Any]) -> Iterator[tuple[Key, Mapping[str, Any]]]:
    for path, rows in report["results"].items():
        for row in rows:
            yield Key(path, str(row["type"]), str(row["hashed_secret"])), row


def _finding(key: Key, row: Mapping[str, Any], reviews: Mapping[Key, bool | None]) -> Finding:
    if reviews.get(key):
        words = "reviewed as a real secret: take it out, and replace it where it is used"
    elif key in reviews:
        words = f"in {BASELINE}, and not reviewed"
    else:
        words = "take it out, or have it reviewed as no secret"
    return Finding(key.path, int(row["line_number"]), "SECRET", f"{key.kind}: {words}", "high")
