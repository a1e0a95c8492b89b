"""Read the output of Django's checks, which has no machine-readable format but counts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from towpath.core.findings import Finding, ToolResult, require_agreement, require_ran, unread

_GROUP = re.compile(r"(CRITICALS|ERRORS|WARNINGS|INFOS|DEBUGS):")
_ISSUE = re.compile(r"(.+?): \(([\w.]+)\) (.+)")
_COUNT = re.compile(r"^System check identified (no|\d+) issues? \(\d+ silenced\)\.$", re.MULTILINE)
_SERIOUS = {"CRITICALS", "ERRORS", "WARNINGS"}
_NONE_MISSING = "No changes detected"
_MISSING = re.compile(r"  (\S+\.py)")


def check(ran: ToolResult, manage: str) -> list[Finding]:
    """Return what `check --deploy --fail-level WARNING` found at this level or above.

    `manage` is the file that the findings are shown at. Raises NothingToJudgeError if Django did
    not start, or what it counted and what it named do not agree.
    """
    require_ran("django-deploy-check", ran)
    text = ran.stdout if ran.code == 0 and not ran.stderr.strip() else ran.stderr
    named = list(_issues(text, manage))
    count = _COUNT.search(text)
    if not count:
        raise unread("django-deploy-check", _last_words(ran))
    if int(count[1].replace("no", "0")) != len(named):
        raise unread(
            "django-deploy-check", f"It counted {count[1]} issues, but listed {len(named)}."
        )
    found = [finding for group, finding in named if group in _SERIOUS]
    require_agreement("django-deploy-check", ran, bool(found))
    return found


def _issues(text: str, manage: str) -> Iterator[tuple[str, Finding]]:
    """Yield each issue with the group that it stands in."""
    group = ""
    for line in text.splitlines():
        if match := _GROUP.fullmatch(line):
            group = match[1]
        elif group and (issue := _ISSUE.fullmatch(line)):
            place = "" if issue[1] == "?" else f"{issue[1]}: "
            yield group, Finding(manage, 0, issue[2], f"{place}{issue[3]}")


def missing_migrations(ran: ToolResult) -> list[Finding]:
    """Return the migrations that `makemigrations --check --dry-run` would write.

    Raises NothingToJudgeError if Django did not start or said neither yes nor no.
    """
    require_ran("migrations", ran)
    lines = ran.stdout.splitlines()
    if ran.code == 0 and _NONE_MISSING in lines:
        return []
    files = [match[1] for line in lines if (match := _MISSING.fullmatch(line))]
    if ran.code != 1 or not files:
        raise unread("migrations", _last_words(ran))
    return [Finding(file, 0, "MIGRATION", "a model change has no migration") for file in files]


def _last_words(ran: ToolResult) -> str:
    return (ran.stderr.strip() or ran.stdout.strip() or "No output.").splitlines()[-1]
