"""Turns the bytes of a report into database rows. Pure: reads nothing but its arguments."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import islice
from math import isfinite
from pathlib import Path
from typing import Any, NoReturn
from uuid import UUID

from jsonschema import Draft202012Validator, FormatChecker, ValidationError

from releases.bounds import is_deep, is_modest
from releases.models import Deployment, Promotion, Release, Run, StageResult, Status

Report = dict[str, Any]
"""A report that fits the schema; only `parse` makes one."""

SCHEMA = Path(__file__).with_name("report.schema.json")
ESCAPED_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
MAX_PROBLEMS = 10
MAX_MESSAGE = 200
MAX_ERRORS = 1000
SKEW = timedelta(minutes=5)
"""How far the clock of the client may be ahead of the server."""
COMMON = frozenset({"status", "started", "duration", "reused", "reason"})
PROMOTIONS = ("promote-test", "promote-release")
DEPLOYMENTS = ("deploy", "deploy-production")
MONITOR = "monitor"


@dataclass(frozen=True)
class Problem:
    """A problem of a report: `path` is like `stages/test/coverage`, or empty for the document."""

    path: str
    message: str


class NotJson(Exception):
    """The body is not a JSON document that a database can store."""


class NotAReport(Exception):
    """The document does not fit the schema; `problems` says where and why."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(f"{problem.path}: {problem.message}" for problem in problems))
        self.problems = problems


@dataclass(frozen=True)
class Rows:
    """The unsaved rows of one report."""

    run: Run
    stages: list[StageResult]
    releases: list[Release]
    promotions: list[Promotion]
    deployments: list[Deployment]


def parse(body: bytes) -> Report:
    """Return the report in the body; raises NotJson, or NotAReport if it violates the schema."""
    try:
        document = json.loads(
            body.decode("utf-8"), parse_constant=_refuse_constant, parse_int=_whole
        )
        canonical = _canonical(document).decode("utf-8")
    except RecursionError:
        raise NotJson("nested too deeply") from None
    except ValueError as error:
        raise NotJson(_shorten(str(error))) from None
    if ESCAPED_NUL.search(canonical):
        raise NotJson("a string has the character U+0000, which a database cannot store")
    if is_deep(document):
        raise NotJson("nested too deeply")
    errors = sorted(
        islice(_validator(not is_modest(document)).iter_errors(document), MAX_ERRORS),
        key=lambda error: list(map(str, error.path)),
    )
    if errors:
        raise NotAReport([_problem(error) for error in errors[:MAX_PROBLEMS]])
    report: Report = document
    return report


def fingerprint(report: Report) -> str:
    """Return the SHA-256 of a report, independent of how its JSON was formatted."""
    return hashlib.sha256(_canonical(report)).hexdigest()


def refuse_future(report: Report, now: datetime) -> None:
    """Raise NotAReport for a run that begins or ends later than `now`, the server's own clock.

    A clock that is up to SKEW ahead passes.
    """
    latest = now + SKEW
    begun = datetime.fromisoformat(report["timestamp"])
    if begun > latest:
        raise NotAReport([Problem("timestamp", "is in the future")])
    if report["duration"] > (latest - begun).total_seconds():
        raise NotAReport([Problem("duration", "ends in the future")])


def rows(report: Report, received: datetime | None = None) -> Rows:
    """Return the content of a report as unsaved rows.

    No event is later than `received`, the time at which the server got the report.
    """
    links = report.get("links", {})
    run = Run(
        receipt_id=UUID(report["run"]),
        started_at=datetime.fromisoformat(report["timestamp"]),
        commit=report["commit"],
        branch=report["branch"],
        version=report["version"],
        status=report["status"],
        duration=report["duration"],
        ci_url=links.get("run", ""),
        commit_url=links.get("commit", ""),
    )
    stages: dict[str, Report] = report["stages"]
    ends = _ends(run, stages, received)
    return Rows(
        run=run,
        stages=[_stage(run, *item) for item in enumerate(stages.items())],
        releases=list(_releases(report)),
        promotions=[
            Promotion(run_id=run.pk, release_id=stage["digest"], tag=stage["tag"], at=ends[name])
            for name, stage in _with_digest(stages, PROMOTIONS)
            if stage["status"] == Status.PASSED
        ],
        deployments=[
            Deployment(
                run_id=run.pk,
                release_id=stage["digest"],
                environment=stage["environment"],
                status=stage["status"],
                is_rollback=stage.get("rollback") is True,
                at=ends[name],
            )
            for name, stage in _deployments(stages)
        ],
    )


def _deployments(stages: dict[str, Report]) -> Iterator[tuple[str, Report]]:
    """Yield each deployment, and the rollback after a release that was monitored and failed."""
    for name, stage in _with_digest(stages, DEPLOYMENTS):
        if stage["status"] != Status.SKIPPED and "environment" in stage:
            yield name, stage
    if restored := _restored(stages):
        yield MONITOR, restored


def _restored(stages: dict[str, Report]) -> Report | None:
    """Return the rollback of the stage `monitor` as a deployment that passed, if there was one."""
    stage = stages.get(MONITOR, {})
    if "restored" not in stage or "environment" not in stage:
        return None
    return {
        "status": Status.PASSED.value,
        "digest": stage["restored"],
        "environment": stage["environment"],
        "rollback": True,
    }


def _stage(run: Run, position: int, item: tuple[str, Report]) -> StageResult:
    name, stage = item
    return StageResult(
        run_id=run.pk,
        position=position,
        name=name,
        status=stage["status"],
        started_at=_moment(stage),
        duration=stage["duration"],
        reused=stage.get("reused", False),
        reason=stage.get("reason", ""),
        facts={key: value for key, value in stage.items() if key not in COMMON},
    )


def _releases(report: Report) -> Iterator[Release]:
    """Yield each release in the report once; the one it built has platforms and sizes."""
    stages = report["stages"]
    seen: set[str] = set()
    for _, stage in _with_digest(stages, ("build", *PROMOTIONS, *DEPLOYMENTS)):
        if stage["digest"] not in seen:
            seen.add(stage["digest"])
            yield Release(
                digest=stage["digest"],
                version=report["version"],
                platforms=stage.get("platforms", []),
                sizes=stage.get("sizes", {}),
            )
    if (restored := _restored(stages)) and restored["digest"] not in seen:
        version = stages[MONITOR].get("rolled_back", "")
        yield Release(digest=restored["digest"], version=version, platforms=[], sizes={})


def _with_digest(stages: dict[str, Report], names: tuple[str, ...]) -> list[tuple[str, Report]]:
    return [(name, stages[name]) for name in names if "digest" in stages.get(name, {})]


def _ends(run: Run, stages: dict[str, Report], received: datetime | None) -> dict[str, datetime]:
    """Return when each stage ended, none later than its run.

    Reports of old pipelines do not say when a stage began: there, stages follow each other.
    """
    found: dict[str, datetime] = {}
    last = _after(run.started_at, run.duration)
    seconds = 0.0
    for name, stage in stages.items():
        if not stage.get("reused", False):
            seconds += stage["duration"]
        begun = _moment(stage)
        end = _after(begun, stage["duration"]) if begun else _after(run.started_at, seconds)
        end = max(run.started_at, min(end, last))
        found[name] = min(end, received) if received else end
    return found


def _moment(stage: Report) -> datetime | None:
    return datetime.fromisoformat(stage["started"]) if "started" in stage else None


def _after(moment: datetime, seconds: float) -> datetime:
    try:
        return moment + timedelta(seconds=seconds)
    except OverflowError:
        return moment


@cache
def _validator(facts: bool) -> Draft202012Validator:
    """Return a validator of the schema, with or without checks of the depth and size of facts."""
    checker = FormatChecker(formats=())
    # jsonschema leaves date-time unchecked unless one more package is installed.
    checker.checks("date-time", raises=ValueError)(_is_moment)
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    if not facts:
        schema["$defs"]["fact"] = True
        for keyword in ("maxProperties", "propertyNames"):
            del schema["$defs"]["stage"][keyword]
    return Draft202012Validator(schema, format_checker=checker)


def _is_moment(value: object) -> bool:
    return not isinstance(value, str) or bool(datetime.fromisoformat(value))


def _canonical(document: Any) -> bytes:
    text = json.dumps(
        document, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
    )
    return text.encode("utf-8")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _whole(digits: str) -> int:
    """Return an integer that a float can represent, as pages need; raises ValueError."""
    if not isfinite(float(digits)):
        raise ValueError("a number is too large")
    return int(digits)


def _problem(error: ValidationError) -> Problem:
    path = _shorten("/".join(map(str, error.absolute_path)))
    shown = repr(error.instance)
    reason = error.message.removeprefix(shown)
    room = MAX_MESSAGE - len(reason)
    if reason == error.message or room <= 1:
        return Problem(path, _shorten(error.message))
    # The sent value is cut, the reason is not.
    return Problem(path, (shown if len(shown) <= room else shown[: room - 1] + "…") + reason)


def _shorten(text: str) -> str:
    return text if len(text) <= MAX_MESSAGE else text[: MAX_MESSAGE - 1] + "…"
