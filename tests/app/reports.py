"""Reports to hand in: one that passed everything, and ways to bend it."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

Report = dict[str, Any]
TOKEN = "a-token-of-the-tests"


def digest(letter: str) -> str:
    """Return a digest made of one hex digit, easy to tell apart."""
    return "sha256:" + letter * 64


def passed(**facts: Any) -> Report:
    """Return a stage that passed."""
    return {"status": "passed", "duration": 1.5, **facts}


def report(**changes: Any) -> Report:
    """Return the report of a run that got to staging, with top-level fields changed."""
    return {
        "schema": "1",
        "run": str(uuid4()),
        "timestamp": "2026-11-24T21:00:00Z",
        "commit": "c" * 40,
        "branch": "main",
        "version": "1.2.3+gabc1234",
        "status": "passed",
        "duration": 93.4,
        "stages": stages(),
        **changes,
    }


def stages(letter: str = "a") -> Report:
    """Return the stages of a run whose image has the digest of that letter."""
    none = {"critical": 0, "high": 0, "medium": 1, "low": 2}
    return {
        "lint": passed(issues=0),
        "test": passed(coverage=96.5, tests_run=40, tests_passed=40, tests_failed=0),
        "integration": passed(tests_run=5, tests_passed=5, tests_failed=0),
        "security": passed(vulnerabilities=none),
        "build": passed(
            image_size=300,
            sizes={"linux/amd64": 200, "linux/arm64": 100},
            platforms=["linux/amd64", "linux/arm64"],
            digest=digest(letter),
        ),
        "scan": passed(vulnerabilities=none),
        "promote-test": passed(digest=digest(letter), tag="test"),
        "deploy": deployed(letter),
        "verify": passed(environment="staging", digest=digest(letter), version="1.2.3+gabc1234"),
    }


def deployed(letter: str, environment: str = "staging", **changes: Any) -> Report:
    """Return a deployment stage that put the digest of that letter into the environment."""
    return {**passed(environment=environment, digest=digest(letter), previous=None), **changes}


def bend(document: Report, path: str, value: Any) -> Report:
    """Return a copy of the report with the value at `path` (`stages/test/coverage`) replaced."""
    copy: Report = json.loads(json.dumps(document))
    *parents, last = path.split("/")
    place = copy
    for name in parents:
        place = place[name]
    place[last] = value
    return copy


def drop(document: Report, path: str) -> Report:
    """Return a copy of the report without the key at `path`."""
    copy = bend(document, path, None)
    *parents, last = path.split("/")
    place = copy
    for name in parents:
        place = place[name]
    del place[last]
    return copy
