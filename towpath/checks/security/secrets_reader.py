"""Read what detect-secrets found, except what was reviewed as a false positive."""

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
    Exclusion,
    Finding,
    ToolResult,
    document,
    require_agreement,
    require_all,
    require_ran,
    unexpected,
    unread,
)

TOOL = "detect-secrets"
BASELINE = ".secrets.baseline"

_CHECKED = re.compile(r"^\[\w+\]\tINFO\tChecking file: (.+)$", re.MULTILINE)
# A kind of file that it never reads, such as an image or a lock file.
_SKIPPED = re.compile(
    r'^\[\w+\]\tINFO\tSkipping "(.+)" due to '
    r"`detect_secrets\.filters\.(?:common|heuristic)\.is_\w+_file`$",
    re.MULTILINE,
)


# A secret that a comment on its line, or the line before, marks as a false positive; it belongs to
# the last file that was named.
_ALLOWED = re.compile(r"^\[\w+\]\tINFO\tSkipping secret due to `[\w.]+\.is_line_allowlisted`\.$")


@dataclass(frozen=True)
class Key:
    """The identity of a finding: file, kind and hash of the secret, but not the line."""

    path: str
    kind: str
    hashed: str


@dataclass(frozen=True)
class Secrets:
    """Secrets without a review, the number of reviewed ones, and reviews of removed ones (`stale`).

    `scanned` and `skipped` are numbers of files, `allowed` are the files with comments that mark
    secrets as false positives.
    """

    findings: tuple[Finding, ...]
    reviewed: int
    stale: tuple[str, ...]
    scanned: int
    skipped: int
    allowed: tuple[Exclusion, ...] = ()
    # The identity of each finding, in the same order.
    names: tuple[str, ...] = ()


def baseline(text: str) -> dict[Key, bool | None]:
    """Return the entries of a baseline: False is a false positive, True a secret, None unreviewed.

    Raises ConfigurationError for an invalid baseline; an empty text has no entries.
    """
    if not text:
        return {}
    try:
        rows = list(_rows(documents.loads(text, LIMIT)))
        reviews = {key: row.get("is_secret") for key, row in rows}
        if odd := [value for value in reviews.values() if not isinstance(value, bool | None)]:
            raise ValueError(f"the field is_secret is {odd[0]!r}")
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ConfigurationError(
            f"{BASELINE} is not a valid baseline of detect-secrets.",
            why=documents.reason(error),
            next_step="Create it again as described in docs/security.md.",
        ) from error
    return reviews


def read_secrets(ran: ToolResult, reviews: Mapping[Key, bool | None]) -> Secrets:
    """Return what detect-secrets found.

    Only a review as a false positive removes a finding. Raises NothingToJudgeError if the tool
    crashed, wrote an incomplete document, had no detector, or did not check every file.
    """
    require_ran(TOOL, ran)
    scanned, skipped = set(_CHECKED.findall(ran.stderr)), set(_SKIPPED.findall(ran.stderr))
    require_all(TOOL, ran, len(scanned | skipped))
    rows = _found(ran)
    require_agreement(TOOL, ran, bool(rows))
    seen = {key for key, _ in rows}
    return Secrets(
        tuple(_finding(key, row, reviews) for key, row in rows if reviews.get(key) is not False),
        sum(reviews.get(key) is False for key in seen),
        tuple(f"{key.path}: {key.kind}" for key in reviews if key not in seen),
        len(scanned),
        len(skipped),
        tuple(_allowed(ran.stderr)),
        tuple(_name(key) for key, _ in rows if reviews.get(key) is not False),
    )


def _name(key: Key) -> str:
    return f"{key.path} {key.kind} {key.hashed}"


def _allowed(log: str) -> Iterator[Exclusion]:
    counts: Counter[str] = Counter()
    path = ""
    for line in log.splitlines():
        if match := _CHECKED.fullmatch(line):
            path = match[1]
        elif _ALLOWED.fullmatch(line):
            counts[path] += 1
    for path, count in counts.items():
        yield Exclusion(path, f"pragma: allowlist secret excluded a secret: {count} x")


def _found(ran: ToolResult) -> list[tuple[Key, Mapping[str, Any]]]:
    """Return the rows of a report; without findings the tool writes nothing, and ends with 0."""
    if ran.code == 0 and not ran.stdout.strip():
        return []
    report = document(TOOL, ran.stdout)
    try:
        if not report["plugins_used"]:
            raise unread(TOOL, "It had no detectors enabled.")
        rows = list(_rows(report))
        _ = [int(row["line_number"]) for _, row in rows]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise unexpected(TOOL, error) from error
    return rows


def _rows(report: Mapping[str, Any]) -> Iterator[tuple[Key, Mapping[str, Any]]]:
    for path, rows in report["results"].items():
        for row in rows:
            yield Key(path, str(row["type"]), str(row["hashed_secret"])), row


def _finding(key: Key, row: Mapping[str, Any], reviews: Mapping[Key, bool | None]) -> Finding:
    if reviews.get(key):
        words = "reviewed as a real secret: remove it from the file, and rotate it"
    elif key in reviews:
        words = f"in {BASELINE}, but not reviewed"
    else:
        words = "remove it, or have it reviewed as a false positive"
    return Finding(key.path, int(row["line_number"]), "SECRET", f"{key.kind}: {words}", "high")
