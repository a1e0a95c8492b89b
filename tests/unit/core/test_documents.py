"""What comes from outside is read as one thing only, or refused in words."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from towpath.core import documents
from towpath.core.errors import NothingToJudgeError
from towpath.core.subject import Subject
from towpath.evidence import statement as evidence
from towpath.evidence.statement import Statement
from towpath.gates import Status

SHA = "a" * 64
GOOD = Statement(
    stage="lint",
    subject=Subject.commit("c" * 40, "7" * 40),
    status=Status.PASSED,
    started="2026-11-24T21:00:00Z",
    duration=1.5,
    policy="p",
    inputs="i",
    facts={"issues": 0},
    verdicts=(
        {
            "gate": "LINT",
            "stage": "lint",
            "status": "passed",
            "value": 0,
            "limit": 0,
            "direction": "<=",
            "reason": "issues is 0; required: LINT <= 0",
        },
    ),
    artifacts={"reports/a.xml": SHA},
)


def nested(levels: int) -> str:
    return "[" * levels + "]" * levels


def test_a_plain_document_is_read() -> None:
    """Every kind of value, as deep as is allowed."""
    text = '{"a": [1, -2.5, true, null, "\\u00e4"], "b": {}}'

    assert documents.loads(text) == {"a": [1, -2.5, True, None, "ä"], "b": {}}
    assert documents.loads(text.encode()) == documents.loads(text)
    assert documents.loads(nested(32))
    assert documents.loads('"xx"', limit=4) == "xx"


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "Expecting value"),
        (b"{", "Expecting property name"),
        (b"\xff\xfe{\x00}\x00", "'utf-8' codec can't decode"),
        ('{"a": 1, "b": 2, "a": 3}', "the key 'a' appears twice"),
        ('{"x": {"a": 1, "a": 1}}', "the key 'a' appears twice"),
        ("NaN", "NaN is not valid JSON"),
        ("[-Infinity]", "-Infinity is not valid JSON"),
        ("1e999", "the number 1e999 is too large"),
        ("-1e999", "the number -1e999 is too large"),
        ("1" * 19, "an integer has more than 18 digits"),
        ("1" * 5000, "an integer has more than 18 digits"),
        (nested(33), "it is nested more than 32 levels deep"),
        (nested(1_000_000), "it is nested more than 32 levels deep"),
        ('{"a":' * 200_000, "it is nested more than 32 levels deep"),
        ('"' + "x" * documents.BYTES + '"', "it has 4194306 bytes; the limit is 4194304"),
        ('"\\ud800"', "a string has an unpaired surrogate"),
        ('{"\\ud800": 1}', "a string has an unpaired surrogate"),
    ],
)
def test_anything_else_is_refused_in_words(raw: bytes | str, why: str) -> None:
    """By ValueError, whoever wrote it."""
    with pytest.raises(ValueError, match=f"^{re.escape(why)}"):
        documents.loads(raw)


def test_numbers_that_are_none_are_left_out() -> None:
    """Of what we write ourselves, wherever they stand."""
    odd = {"a": float("nan"), "b": [1.5, float("inf")], "c": ({"d": float("-inf")}, 1), "e": "x"}

    assert documents.finite(odd) == {"a": None, "b": [1.5, None], "c": [{"d": None}, 1], "e": "x"}


def forged(**fields: Any) -> bytes:
    """Return the good statement with fields of its predicate replaced."""
    document = GOOD.as_json()
    return json.dumps(document | {"predicate": document["predicate"] | fields}).encode()


def top(**fields: Any) -> bytes:
    return json.dumps(GOOD.as_json() | fields).encode()


ROW = dict(GOOD.verdicts[0])
TIME = "not a time in UTC such as 2026-11-24T21:00:00Z"
STATEMENTS: list[tuple[bytes, str]] = [
    (forged(attempt=0), "attempt is 0, not a number from 1 to 9999"),
    (forged(attempt=-1), "attempt is -1, not a number from 1 to 9999"),
    (forged(attempt=10**9), "attempt is 1000000000, not a number from 1 to 9999"),
    (forged(attempt=True), "attempt is True, not a number from 1 to 9999"),
    (forged(attempt=1.0), "attempt is 1.0, not a number from 1 to 9999"),
    (forged(attempt="1"), "attempt is '1', not a number from 1 to 9999"),
    (forged(started="yesterday"), f"started is 'yesterday', {TIME}"),
    (forged(started="2026-11-24T21:00:00"), f"started is '2026-11-24T21:00:00', {TIME}"),
    (
        forged(started="2026-11-24T21:00:00+00:00"),
        f"started is '2026-11-24T21:00:00+00:00', {TIME}",
    ),
    (forged(started="2026-11-24T9:00:00Z"), f"started is '2026-11-24T9:00:00Z', {TIME}"),
    (forged(started="2026-02-30T21:00:00Z"), f"started is '2026-02-30T21:00:00Z', {TIME}"),
    (forged(started=1795555588), "started is 1795555588, not a string"),
    (forged(duration=-1), "duration is -1, not seconds from 0 to 31622400"),
    (forged(duration=10**12), "duration is 1000000000000, not seconds from 0 to 31622400"),
    (forged(duration="1"), "duration is '1', not a number"),
    (forged(duration=True), "duration is True, not a number"),
    (forged(status="fine"), "status is 'fine', not one of passed, failed, errored"),
    (forged(status=None), "status is None, not a string"),
    (forged(stage="../lint"), "stage is '../lint', not a stage name"),
    (forged(stage=""), "stage is '', not a stage name"),
    (forged(inputs="../../x"), "inputs is '../../x', not a hash"),
    (forged(repeats="x"), "repeats is 'x', not a sha256"),
    (forged(reason=["x"]), "reason is ['x'], not a string"),
    (forged(policy=1), "policy is 1, not a string"),
    (forged(facts=[]), "facts is [], not an object"),
    (forged(verdicts={}), "verdicts is {}, not a list"),
    (forged(verdicts=["x"]), "verdicts[0] is 'x', not an object"),
    (
        forged(verdicts=[ROW, {"gate": "LINT"}]),
        "verdicts[1] does not have the fields"
        " gate, stage, status, value, limit, direction, reason",
    ),
    (forged(verdicts=[ROW | {"value": True}]), "verdicts[0].value is True, not a number"),
    (forged(verdicts=[ROW | {"value": "0"}]), "verdicts[0].value is '0', not a number"),
    (forged(verdicts=[ROW | {"limit": None}]), "verdicts[0].limit is None, not a number"),
    (forged(verdicts=[ROW | {"gate": 1}]), "verdicts[0].gate is 1, not a string"),
    (
        forged(verdicts=[ROW | {"status": "ok"}]),
        "verdicts[0].status is 'ok', not one of passed, failed, errored",
    ),
    (forged(tools={"x": 1}), "tools.x is 1, not a string"),
    (forged(artifacts={"a": "../x"}), "artifacts.a is '../x', not a sha256"),
    (forged(artifacts=[]), "artifacts is [], not an object"),
    (forged(carries={"gitCommit": "c" * 40}), "carries does not have the sha256 of a statement"),
    (forged(carries={"sha256": 1}), "carries.sha256 is 1, not a string"),
    (forged(surprise=1), "its predicate has an unknown field 'surprise'"),
    (top(predicate=[]), "its predicate is not an object"),
    (top(subject=[]), "it does not have exactly one subject"),
    (top(subject=GOOD.as_json()["subject"] * 2), "it does not have exactly one subject"),
    (top(subject=[{"name": "x"}]), "its subject is not a name and a digest"),
    (top(subject=[{"name": "x", "digest": {}}]), "its subject has no digest"),
    (
        top(subject=[{"name": "x", "digest": {"sha256": 1}}]),
        "the subject's digest.sha256 is 1, not a string",
    ),
    (top(more=1), "it is not an in-toto statement, version 1"),
    (b"[]", "it is not an in-toto statement, version 1"),
    (
        top(_type="https://in-toto.io/Statement/v0.1"),
        "its _type is 'https://in-toto.io/Statement/v0.1', not https://in-toto.io/Statement/v1",
    ),
    (
        forged().replace(b'"attempt": 1', b'"attempt": 1, "attempt": 2'),
        "the key 'attempt' appears twice",
    ),
    (forged(facts={"issues": 0}).replace(b": 0}", b": NaN}", 1), "NaN is not valid JSON"),
    (
        forged().replace(b'"facts": {', b'"facts": {"x": ' + b"[" * 40 + b"]" * 40 + b", "),
        "it is nested more than 32 levels deep",
    ),
    (
        forged(reason="x" * documents.BYTES),
        f"it has {len(forged()) + documents.BYTES} bytes; the limit is 4194304",
    ),
]


def test_the_good_statement_is_read() -> None:
    """So that each row below is refused for one thing alone."""
    assert evidence.decode(forged(), "x") == GOOD


@pytest.mark.parametrize(("raw", "why"), STATEMENTS, ids=[why[:60] for _, why in STATEMENTS])
def test_a_statement_that_is_not_as_it_must_be_is_refused(raw: bytes, why: str) -> None:
    """By its own reason, exit code 3."""
    with pytest.raises(NothingToJudgeError) as caught:
        evidence.decode(raw, "x.json")

    assert (caught.value.what, caught.value.why) == ("x.json is not valid evidence.", why)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (KeyError("os"), "The field 'os' is missing."),
        (StopIteration(), "An entry is missing."),
        (
            TypeError("'int' object is not iterable"),
            "A field is invalid ('int' object is not iterable).",
        ),
        (ZeroDivisionError("division by zero"), "A field is invalid (division by zero)."),
        (ValueError("it has 5 bytes; the limit is 4"), "It has 5 bytes; the limit is 4."),
        (ValueError(), "ValueError."),
    ],
)
def test_why_a_document_cannot_be_followed(error: Exception, words: str) -> None:
    """A sentence for a person: nothing of Python's own way to write an error."""
    assert documents.reason(error) == words
