"""What a project excludes from a tool, according to its settings and reports."""

from __future__ import annotations

from pathlib import Path

from towpath.checks import records
from towpath.checks.tests.coverage_reader import Covered
from towpath.config import Config
from towpath.core import documents
from towpath.core.errors import NothingToJudgeError
from towpath.core.findings import LIMIT, LeftOut, unread
from towpath.source import switches_reader as switches


def by_settings(config: Config, tool: str) -> list[LeftOut]:
    """Return the settings of the project that switch off a part of a tool."""
    settings = {name: config.root / name for name in switches.files(tool)}
    texts = {
        name: file.read_text(encoding="utf-8", errors="replace")
        for name, file in settings.items()
        if file.is_file()
    }
    return switches.find(tool, texts)


def of_coverage(config: Config, covered: Covered) -> list[LeftOut]:
    """Return the lines and files of the product that the coverage does not include."""
    try:
        sources = records.read_document(config, "coverage", "sources")["files"]
    except (KeyError, NothingToJudgeError):
        sources = []
    missing = [path for path in sources if path not in covered.files] if covered.files else []
    return [
        *by_settings(config, "coverage"),
        *covered.left_out,
        *(LeftOut(path, "not measured") for path in missing),
    ]


def of_tests(report: Path) -> list[LeftOut]:
    """Return the tests that were not run, from the list that our plugin wrote beside a report.

    Raises NothingToJudgeError for a malformed list.
    """
    file = report.with_suffix(".left-out.json")
    try:
        names = documents.loads(file.read_bytes(), LIMIT) if file.is_file() else []
        return [LeftOut(str(name), "not run") for name in names]
    except (TypeError, ValueError) as error:
        why = f"Cannot read the list of excluded tests: {error}"
        raise unread("pytest", why) from error
