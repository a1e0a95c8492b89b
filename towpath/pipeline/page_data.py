"""What the page of a run shows, beside its report: read from `reports/`, within bounds.

Each source may be missing, older than the run or damaged: then its section says so, and the rest
of the page is whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from towpath.checks.tests import junit_reader
from towpath.checks.tests.junit_reader import Case
from towpath.config import Config
from towpath.core import documents
from towpath.core.errors import NothingToJudgeError
from towpath.core.files import read_bounded
from towpath.evidence import statement as evidence
from towpath.evidence.statement import Statement
from towpath.pipeline.document import KEYS

# Bytes of one file that is read.
LIMIT = 64 << 20
T = TypeVar("T")


@dataclass(frozen=True)
class FileCoverage:
    """One file of the product: percent covered, and the lines that no test ran."""

    path: str
    percent: float
    missing: tuple[int, ...]


@dataclass(frozen=True)
class PageFinding:
    """One finding of a tool on a file; `line` is 0 for the file as a whole."""

    tool: str
    code: str
    message: str
    path: str
    line: int


@dataclass
class PageData:
    """What was found beside the report; `problems` are sentences about what could not be read."""

    statements: dict[str, Statement] = field(default_factory=dict)
    tests: list[Case] = field(default_factory=list)
    coverage: list[FileCoverage] = field(default_factory=list)
    findings: list[PageFinding] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def collect(config: Config, report: Mapping[str, Any]) -> PageData:
    """Return what `reports/` has of the run that a report is about."""
    found = PageData()
    stages = {name: stage for name, stage in report["stages"].items()}
    _statements(config, report, stages, found)
    if {"test", "integration"} & stages.keys():
        _tests(config, found)
        _coverage(config, found)
    if {"lint", "security", "scan"} & stages.keys():
        _findings(config, found)
    return found


def _statements(
    config: Config, report: Mapping[str, Any], stages: Mapping[str, Any], found: PageData
) -> None:
    """Read the statement of each stage; one about another commit or image is not of this run."""
    digests = {stage.get("digest", "").removeprefix("sha256:") for stage in stages.values()}
    names = {key: name for name, key in KEYS.items()}
    for key in stages:
        file = config.reports / "evidence" / f"{names.get(key, key)}.json"
        statement = _read(found, file, partial(evidence.decode, source=file.name))
        if statement is None:
            continue
        subject = statement.subject.digest
        if subject.get("gitCommit") == report["commit"] or subject.get("sha256") in digests:
            found.statements[key] = statement


def _tests(config: Config, found: PageData) -> None:
    folder = config.reports / "junit"
    for file in sorted(folder.rglob("*.xml")):
        name = str(file.relative_to(folder)).removesuffix(file.suffix)
        cases = _read(found, file, partial(_cases, name=name))
        found.tests += cases or []


def _cases(raw: bytes, name: str) -> list[Case]:
    # For people to read: what is no UTF-8 is one letter that cannot be read, not a lost report.
    return junit_reader.read_cases(raw.decode("utf-8", "replace"), name)


def _coverage(config: Config, found: PageData) -> None:
    file = config.reports / "coverage.json"
    document = _read(found, file, documents.loads)
    rows = document.get("files") if isinstance(document, dict) else None
    for path, row in rows.items() if isinstance(rows, dict) else ():
        try:
            missing = tuple(int(line) for line in row["missing_lines"])
            found.coverage.append(
                FileCoverage(str(path), float(row["summary"]["percent_covered"]), missing)
            )
        except (KeyError, TypeError, ValueError):
            found.problems.append(f"coverage.json has invalid data for {path}.")
    found.coverage.sort(key=lambda row: (row.percent, row.path))


def _findings(config: Config, found: PageData) -> None:
    for file in sorted((config.reports / "sarif").glob("*.sarif")):
        document = _read(found, file, documents.loads)
        rows = list(_results(document)) if document is not None else []
        known = [finding for row in rows if (finding := _finding(file.stem, row))]
        found.findings += known
        if len(known) < len(rows):
            found.problems.append(f"sarif/{file.name} has results that cannot be read.")


def _results(log: object) -> Iterator[Any]:
    """Yield the results of a SARIF log; None stands for what has another form."""
    runs = log.get("runs") if isinstance(log, Mapping) else None
    for run in runs if isinstance(runs, list) else [None]:
        results = run.get("results") if isinstance(run, Mapping) else None
        yield from results if isinstance(results, list) else [None]


def _finding(tool: str, row: Any) -> PageFinding | None:
    """Return one result; None if it has another form, or says nothing at all."""
    try:
        text = _message(row.get("message") or {})
        places = row.get("locations") or [{}]
        path, line = _place(places[0].get("physicalLocation") or {})
        code = str(row.get("ruleId") or "")
    except (AttributeError, KeyError, TypeError, ValueError, IndexError):
        return None
    return PageFinding(tool, code, text, path, line) if text or code else None


def _message(message: Any) -> str:
    return str(message.get("text") or message.get("markdown") or message.get("id") or "")


def _place(physical: Any) -> tuple[str, int]:
    """Return the file and the line of a physical location of SARIF."""
    path = (physical.get("artifactLocation") or {}).get("uri", "")
    return str(path), int((physical.get("region") or {}).get("startLine", 0))


def _read(found: PageData, file: Path, parse: Callable[[bytes], T]) -> T | None:
    """Return what is parsed of a file; None if it is not there, or not readable, which is noted."""
    try:
        return parse(read_bounded(file, LIMIT))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, NothingToJudgeError) as error:
        found.problems.append(f"{file.parent.name}/{file.name} cannot be read: {error}")
        return None
