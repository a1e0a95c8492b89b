"""The output of our own probes (`python -m towpath probe NAME`): one JSON document."""

from __future__ import annotations

from towpath.core.findings import (
    Exclusion,
    Finding,
    FindingOrExclusion,
    ToolResult,
    document,
    require_all,
    require_ran,
    unexpected,
)


def read_probe(tool: str, ran: ToolResult) -> list[FindingOrExclusion]:
    """Return what a probe found, and what the project leaves out of it.

    Raises NothingToJudgeError if it could not look (any exit code but 0), wrote half a document, or
    passed over a file.
    """
    require_ran(tool, ran, codes=(0,))
    report = document(tool, ran.stdout)
    try:
        judged = {str(file) for file in report["judged"]}
        found = [Finding(**row) for row in report["findings"]]
        exclusions = [Exclusion(**row) for row in report.get("exclusions", ())]
    except (KeyError, TypeError) as error:
        raise unexpected(tool, error) from error
    require_all(tool, ran, len(judged))
    return [*found, *exclusions]
