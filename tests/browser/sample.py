"""Runs to look at: reports of real size, with everything beside them, written by the real writer.

The pictures of README.md are made from the first of them too.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast
from xml.sax.saxutils import quoteattr

from tests.fakes import QuietTerminal, TableRunner
from towpath import config, gates
from towpath.checks import sarif
from towpath.config.workspace import Workspace
from towpath.core.errors import GateFailedError
from towpath.core.findings import Finding
from towpath.core.runner import Running
from towpath.core.step_times import StepTime
from towpath.core.subject import Subject
from towpath.evidence import record as stages
from towpath.evidence.statement import BEFORE_IMAGE
from towpath.gates import Status
from towpath.pipeline import document as report
from towpath.pipeline import links, runs
from towpath.pipeline.document import StageResult

COMMIT = "4f1c0de9a7b35d2286e1f0ab93c47d5586aa10ef"
TREE = "b" * 40
DIGEST = "sha256:" + "9f3ac2e1" * 8
PREVIOUS = "sha256:" + "51d07b44" * 8
BEGAN = dt.datetime(2026, 11, 30, 7, 41, 12, tzinfo=dt.UTC)
VERSION = "2.14.0"
RUN = "https://github.com/team/shop/actions/runs/7"
# What a name, a message or an output of a tool can be at its worst.
HOSTILE = '"><script>alert(1)</script>\u202eevil\x1b[31m' + "é\U0001f4a5" + "W" * 400
NONE = {"critical": 0, "high": 0, "medium": 0, "low": 0}


def workspace(root: Path, **table: Any) -> Workspace:
    """Return a project on GitHub, in a run of its CI, with reports below `root`."""
    values = {"repository": "team/shop", "registry": "ghcr.io", **table}
    env = {
        "TOWPATH_STATE": str(root / "state"),
        "GITHUB_ACTIONS": "true",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "team/shop",
        "GITHUB_RUN_ID": "7",
    }
    # Only asked where the repository is; it starts nothing.
    runner = cast(Running, TableRunner({"remote": "https://github.com/team/shop.git\n"}))
    return Workspace(config.parse(values, root, env), runner, QuietTerminal())


def compose(results: Iterable[StageResult], **changes: Any) -> dict[str, Any]:
    """Return the report of a run whose stages followed each other, but for those that say when."""
    rows, after = [], 0.0
    for row in results:
        begun = row.started or _moment(after)
        stops = row.status is not Status.PASSED
        error = GateFailedError(row.reason) if stops else None
        rows.append(replace(row, started=begun, error=error))
        after = max(after, _seconds(begun) + row.duration)
    values: dict[str, Any] = {
        **{"run": "6a2f41a3-c54c-4ae9-8a5a-0c1d3e5f7a9b", "timestamp": stages.stamp(BEGAN)},
        **{"commit": COMMIT, "branch": "main", "version": VERSION, "duration": after + 0.4},
        "links": links.links("https://github.com/team/shop", COMMIT, RUN).as_json(),
        **changes,
    }
    return report.compose(results=rows, **values)


def checks(**tests: Any) -> list[StageResult]:
    """Return the stages before the image; `tests` changes that of the unit tests."""
    counts = {"tests_run": 1236, "tests_passed": 1236, "tests_failed": 0}
    unit = StageResult(
        "tests", Status.PASSED, 41.7, {"coverage": 94.62, **counts}, started=_moment(0.2)
    )
    steps = [
        StepTime("start postgres, memcached, rabbitmq", "passed", 0.1, 6.2),
        StepTime("apply 48 migrations, one by one, and back", "passed", 6.4, 9.8),
        StepTime("pytest -m integration", "passed", 16.3, 12.1),
    ]
    whole = {"tests_run": 58, "tests_passed": 58, "tests_failed": 0}
    return [
        StageResult(
            "lint",
            Status.PASSED,
            0.8,
            {"issues": 0, "complexity": 9},
            saved=24.6,
            measured="2026-11-30T06:12:40Z",
            started=_moment(0.1),
        ),
        replace(unit, **tests),
        StageResult("integration", Status.PASSED, 28.9, whole, steps=steps, started=_moment(0.2)),
        StageResult(
            "security",
            Status.PASSED,
            9.3,
            {"vulnerabilities": {**NONE, "medium": 1, "low": 2}},
            started=_moment(0.3),
        ),
    ]


def delivery() -> list[StageResult]:
    """Return the stages of the image, up to production and its monitoring."""
    sizes = {"linux/amd64": 78_412_004, "linux/arm64": 76_903_551}
    steps = [
        StepTime("migrate", "passed", 0.4, 3.9),
        StepTime("start two web containers beside the old ones", "passed", 4.4, 2.7),
        StepTime("health-check the new containers", "passed", 7.1, 4.2),
        StepTime("switch traffic", "passed", 11.3, 0.3),
        StepTime("drain the old containers", "passed", 11.6, 5.1),
        StepTime("replace the worker", "passed", 16.7, 3.4),
        StepTime("watch for errors", "passed", 20.1, 10.0),
        StepTime("record the release, stop the old containers", "passed", 30.1, 1.1),
    ]
    deployed: dict[str, Any] = {"digest": DIGEST, "previous": PREVIOUS}
    moved = {"migrations": ["orders.0031_refund_reason", "orders.0032_index_refunds"]}
    verified = {"digest": DIGEST, "version": VERSION}
    staging, production = {"environment": "staging"}, {"environment": "production"}
    watched = {"seconds": 45, "requests": 18_204, "error_percent": 0.02, "p95_ms": 84.0}
    watched |= {"cpu_percent": 41.0, "memory_percent": 52.5, "restarts": 0}
    return [
        StageResult(
            "build",
            Status.PASSED,
            22.4,
            {
                "digest": DIGEST,
                "platforms": list(sizes),
                "sizes": sizes,
                "image_size": sum(sizes.values()),
            },
            steps=[
                StepTime("build linux/amd64", "passed", 0.2, 14.9),
                StepTime("build linux/arm64", "passed", 0.2, 18.3),
                StepTime("push and read back", "passed", 18.6, 3.7),
            ],
        ),
        StageResult(
            "scan",
            Status.PASSED,
            7.1,
            {
                "vulnerabilities": {**NONE, "low": 4},
                "above_base": {"linux/amd64": 31_400_210, "linux/arm64": 30_951_004},
                "growth": {"linux/amd64": 1_204_332, "linux/arm64": -310_220},
            },
        ),
        StageResult("promote-test", Status.PASSED, 0.9, {"digest": DIGEST, "tag": "test"}),
        StageResult("deploy", Status.PASSED, 31.4, {**staging, **deployed, **moved}, steps=steps),
        StageResult("verify", Status.PASSED, 1.2, {**staging, **verified}),
        StageResult("promote-release", Status.PASSED, 1.1, {"digest": DIGEST, "tag": "release"}),
        StageResult(
            "deploy-production",
            Status.PASSED,
            33.0,
            {**production, **deployed, **moved},
            steps=[replace(row, seconds=row.seconds * 1.05) for row in steps],
        ),
        StageResult("verify-production", Status.PASSED, 1.3, {**production, **verified}),
        StageResult("monitor", Status.PASSED, 45.2, {**production, **verified, **watched}),
    ]


def released(root: Path, **table: Any) -> Path:
    """Write a run that went to production, and return its page."""
    found = workspace(root, **table)
    results = [*checks(), *delivery()]
    for row in results:
        _statement(found, row.name, row.fields)
    _tests(found, _cases(1236, 0))
    _coverage(found)
    _findings(found, "bandit", [Finding("app/shop/rates.py", 41, "B113", RATES, "medium")])
    document = compose(
        results,
        branch="release/2.14",
        run="0b9d6c1e-7f52-4f0c-9a3e-2a55d1f0c7e4",
        timestamp="2026-11-30T07:41:12Z",
    )
    return _written(found, document)


def failed(root: Path) -> Path:
    """Write a run that stopped at its gates: failed tests, findings, coverage below its limit."""
    found = workspace(root)
    what = {"coverage": 78.91, "tests_run": 1236, "tests_passed": 1230, "tests_failed": 6}
    rows = [
        StageResult(
            "lint",
            Status.FAILED,
            25.2,
            {"issues": 4, "complexity": 14},
            reason="LINT: 4 > 0 (findings of flake8 and mypy). COMPLEXITY: 14 >= 10.",
            started=_moment(0.1),
        ),
        *checks(
            status=Status.FAILED,
            fields=what,
            reason="TESTS_FAILED: 6 > 0. COVERAGE: 78.91 is below 80.\n"
            "tests.app.test_orders::test_a_refund_is_booked_once and 2 more failed on 3.11, 3.12.",
        )[1:],
        StageResult("build", Status.ERRORED, 3.1, reason="Cancelled: lint failed."),
    ]
    for row in rows[:-1]:
        _statement(found, row.name, row.fields)
    for python in ("3.11", "3.12", "3.13"):
        _tests(found, _cases(412, 3 if python != "3.13" else 0), f"tests/{python}")
    _coverage(found, worst=31.25)
    _findings(
        found, "flake8", [Finding(f"app/shop/part{n}.py", n, "E501", LONG) for n in range(1, 4)]
    )
    _findings(found, "mypy", [Finding("app/shop/orders.py", 118, "arg-type", TYPES)])
    return _written(found, compose(rows))


def interrupted(root: Path) -> Path:
    """Write a run that somebody stopped, of which one stage was left out, and one cancelled."""
    found = workspace(root)
    rows = [
        replace(checks()[0], saved=None, measured=""),
        StageResult("tests", Status.ERRORED, 12.3, reason="Interrupted.", started=_moment(0.2)),
        StageResult("integration", Status.ERRORED, 11.9, reason="Cancelled: tests errored."),
    ]
    document = compose(rows)
    left_out = {"status": "skipped", "duration": 0.0, "reason": "Not run: tests errored."}
    document["stages"] |= {"security": left_out, "build": left_out}
    return _written(found, document)


def hostile(root: Path) -> Path:
    """Write a run in which every text that comes from outside is as bad as it can be."""
    found = workspace(root)
    steps = [StepTime(HOSTILE, "failed", 0.0, 3.0)]
    rows = [
        StageResult("lint", Status.FAILED, 1.0, {"issues": 1}, reason=HOSTILE * 20, steps=steps),
        StageResult("deploy", Status.PASSED, 1.0, {"environment": HOSTILE, "digest": DIGEST}),
    ]
    _statement(found, "lint", {"issues": 1})
    _tests(found, [("tests." + HOSTILE, 1.0, HOSTILE + "\n" + "x" * 100_000, HOSTILE)])
    _coverage(found, path=HOSTILE)
    _findings(found, "flake8", [Finding("app/" + "a/" * 200 + "x.py", 3, HOSTILE, HOSTILE)])
    return _written(found, compose(rows, branch=HOSTILE, version=HOSTILE[:128]))


def many(root: Path) -> Path:
    """Write a run with 1,000 failed tests that each say much, and 2,000 findings."""
    found = workspace(root)
    what = {"coverage": 61.0, "tests_run": 1400, "tests_passed": 400, "tests_failed": 1000}
    rows = checks(status=Status.FAILED, fields=what, reason="TESTS_FAILED: 1000 > 0")
    for row in rows:
        _statement(found, row.name, row.fields)
    _tests(found, _cases(1400, 1000, lines=900))
    _findings(found, "flake8", [Finding(f"app/m{n}.py", 1, "E501", LONG) for n in range(2000)])
    return _written(found, compose(rows))


def stranger(root: Path) -> Path:
    """Write the run of a project that lacks nearly everything, with reports of unknown tools."""
    found = workspace(root)
    counts = {"tests_run": 1, "tests_passed": 0, "tests_failed": 1}
    rows = [
        StageResult("lint", Status.PASSED, 2.0, {"issues": 0}),
        StageResult("tests", Status.FAILED, 3.0, counts, reason="TESTS_FAILED: 1 > 0"),
        StageResult("their-own-stage", Status.PASSED, 0.5, {"their_value": [1, {"a": None}]}),
    ]
    _file(found, "junit/tests/3.12.xml", b"<testsuite><testcase name='\xff\xfe'/></testsuite>")
    latin = '<?xml version="1.0" encoding="iso-8859-1"?><testsuite><testcase name="caf\xe9">'
    latin += "<failure>Stra\xdfe" + "y" * 200_000 + "</failure></testcase></testsuite>"
    _file(found, "junit/tests/latin.xml", latin.encode("iso-8859-1"))
    unknown = {"runs": [{"tool": {}, "results": [{"message": {"markdown": "no text"}}]}, {}]}
    _file(found, "sarif/their-linter.sarif", json.dumps(unknown).encode())
    return _written(found, compose(rows, links=None))


def empty(root: Path) -> Path:
    """Write a run that ended before its first stage."""
    return _written(workspace(root), compose([], duration=0.1, links=None))


RUNS: Mapping[str, Callable[[Path], Path]] = {
    row.__name__: row for row in (released, failed, interrupted, hostile, many, stranger, empty)
}
RATES = "Call to requests without timeout"
LONG = "line too long (132 > 100 characters)"
TYPES = 'Argument 1 to "refund" of "Order" has incompatible type "str | None"; expected "str"'
TRACEBACK = """client = <django.test.client.Client object at 0x7f1b8c2d5e10>

    def test_a_refund_is_booked_once(client):
        order = paid_order(client, lines=2)
        first = client.post(f"/orders/{order.pk}/refund/", {"reason": "damaged"})
        again = client.post(f"/orders/{order.pk}/refund/", {"reason": "damaged"})
>       assert again.status_code == 409
E       assert 200 == 409
E        +  where 200 = <HttpResponse status_code=200, "application/json">.status_code

tests/app/test_orders.py:87: AssertionError
"""
PRINTED = "booking refund 1 of order 3107\nbooking refund 2 of order 3107\n"
LOGGED = "WARNING  shop.ledger:ledger.py:55 refund of order 3107 is in the ledger already\n"


def _cases(tests: int, failures: int, lines: int = 0) -> list[tuple[str, float, str, str]]:
    names = (*("refund_is_booked_once", "coupon_expires_at_midnight", "rates_are_refreshed"),)
    more = "\n".join(f"line {number} of a long output" for number in range(lines))
    return [
        (
            f"tests.app.test_orders::test_a_{names[n % 3]}{'' if n < 3 else f'[{n}]'}",
            4.2 / (n + 1),
            TRACEBACK + more if n < failures else "",
            PRINTED if n < failures else "",
        )
        for n in range(tests)
    ]


def _tests(
    found: Workspace, cases: Iterable[tuple[str, float, str, str]], name: str = "tests/3.12"
) -> None:
    """Write a JUnit report as pytest does."""
    rows = []
    for title, seconds, output, printed in cases:
        place, _, test = title.rpartition("::")
        said = ""
        if output:
            message = quoteattr(_xml(output.strip().splitlines()[-1]))
            said = f"<failure message={message}>{_escaped(output)}</failure>"
            said += f"<system-out>{_escaped(printed)}</system-out>"
            said += f"<system-err>{_escaped(LOGGED)}</system-err>"
        named = f"classname={quoteattr(_xml(place))} name={quoteattr(_xml(test))}"
        rows.append(f'<testcase {named} time="{seconds:.3f}">{said}</testcase>')
    text = f'<testsuites><testsuite name="pytest">{"".join(rows)}</testsuite></testsuites>'
    _file(found, f"junit/{name}.xml", text.encode())


def _xml(text: str) -> str:
    """Return text as pytest writes it: control characters are no part of XML."""
    return text.replace("\x1b", "#x1B")


def _escaped(text: str) -> str:
    return _xml(text).replace("&", "&amp;").replace("<", "&lt;")


def _coverage(found: Workspace, *, worst: float = 71.43, path: str = "app/shop/orders.py") -> None:
    files = {
        path: {"missing_lines": [*range(40, 58), 61, 77, 78, 102], "percent": worst},
        "app/shop/ledger/bookings/reconciliation.py": {"missing_lines": [12, 13], "percent": 88.2},
        "app/shop/rates.py": {"missing_lines": [9], "percent": 97.06},
    }
    files |= {f"app/shop/part{n}.py": {"missing_lines": [], "percent": 100.0} for n in range(14)}
    rows = {
        name: {
            "missing_lines": row["missing_lines"],
            "summary": {"percent_covered": row["percent"]},
        }
        for name, row in files.items()
    }
    _file(found, "coverage.json", json.dumps({"files": rows}).encode())


def _findings(found: Workspace, tool: str, rows: Iterable[Finding]) -> None:
    _file(found, f"sarif/{tool}.sarif", json.dumps(sarif.log(tool, "1.0", rows)).encode())


def _statement(found: Workspace, stage: str, fields: Mapping[str, Any]) -> None:
    """Record a stage as the pipeline does; facts that it does not show are as they should be."""
    facts = {rule.fact: _good(rule) for rule in gates.of_stage(stage)}
    facts |= {name: value for name, value in fields.items() if isinstance(value, int | float)}
    before = stage in BEFORE_IMAGE
    stages.record(
        found,
        stages.StageRecord(
            stage=stage,
            subject=Subject.commit(COMMIT, TREE) if before else Subject.image("team/shop", DIGEST),
            facts=facts,
            inputs="i",
            started=BEGAN,
            duration=1,
        ),
    )


def _good(rule: gates.Gate) -> float:
    """Return a value that is well inside a limit."""
    return rule.limit / 2 if "<" in rule.direction else min(100, rule.limit * 1.1 + 1)


def _file(found: Workspace, name: str, content: bytes) -> None:
    file = found.config.reports / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


def _written(found: Workspace, document: Mapping[str, Any]) -> Path:
    """Let the real writer write the page, and return where it is."""
    page = runs.write_page(found, document)
    assert page.is_file()
    return page


def _moment(seconds: float) -> str:
    found = BEGAN + dt.timedelta(seconds=seconds)
    return found.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _seconds(moment: str) -> float:
    return (dt.datetime.fromisoformat(moment) - BEGAN).total_seconds()
