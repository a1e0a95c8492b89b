"""From bytes to rows: what counts as a report, and what it says."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from releases.bounds import is_modest
from releases.ingest import (
    NotAReport,
    NotJson,
    Problem,
    fingerprint,
    parse,
    refuse_future,
    rows,
)
from tests.app.reports import Report, bend, deployed, digest, drop, passed, report, stages

START = datetime(2026, 11, 24, 21, tzinfo=UTC)


def encode(document: Any) -> bytes:
    """Return the JSON bytes of a document."""
    return json.dumps(document).encode()


def test_a_report_comes_back_as_it_was_sent() -> None:
    """Parsing adds and drops nothing."""
    sent = report()

    assert parse(encode(sent)) == sent


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "Expecting value"),
        (b'{"schema": "1",', "Expecting property name"),
        (b"\xff\xfe", "invalid start byte"),
        (b'{"duration": NaN}', "NaN is not a JSON number"),
        (b'{"duration": -Infinity}', "-Infinity is not a JSON number"),
        (b'{"duration": 1e999}', "Out of range float"),
        (b'{"branch": "a\\u0000b"}', "U+0000"),
        (b'{"a\\u0000b": 1}', "U+0000"),
        (b'{"branch": "\\ud800"}', "surrogates not allowed"),
        (b"[" * 200_000, "nested too deeply"),
    ],
)
def test_what_no_database_could_keep_is_no_json(body: bytes, says: str) -> None:
    """Broken, unbounded and unstorable documents are refused before anything looks at them."""
    with pytest.raises(NotJson) as caught:
        parse(body)

    assert says in str(caught.value)


def test_a_written_out_escape_is_an_ordinary_text() -> None:
    """A reason may speak of the escape for U+0000 without being one."""
    sent = bend(report(), "branch", "fix-\\u0000-again")

    assert parse(encode(sent))["branch"] == "fix-\\u0000-again"


FAILED = {"status": "failed", "duration": 1}


@pytest.mark.parametrize(
    ("bad", "path", "says"),
    [
        ([], "", "is not of type 'object'"),
        (drop(report(), "commit"), "", "'commit' is a required property"),
        (bend(report(), "surprise", 1), "", "'surprise' was unexpected"),
        (bend(report(), "schema", "2"), "schema", "'1' was expected"),
        (bend(report(), "run", "../../etc/passwd"), "run", "does not match"),
        (bend(report(), "run", "0" * 36 + "\n"), "run", "is too long"),
        (bend(report(), "timestamp", "2026-11-24 21:00"), "timestamp", "does not match"),
        (bend(report(), "timestamp", "2026-13-24T21:00:00Z"), "timestamp", "is not a 'date-time'"),
        (bend(report(), "timestamp", 5), "timestamp", "is not of type 'string'"),
        (bend(report(), "commit", "abc"), "commit", "does not match"),
        (bend(report(), "branch", ""), "branch", "should be non-empty"),
        (bend(report(), "status", "green"), "status", "is not one of"),
        (bend(report(), "status", "skipped"), "status", "is not one of"),
        (bend(report(), "duration", "12s"), "duration", "is not of type 'number'"),
        (bend(report(), "duration", -1), "duration", "is less than the minimum"),
        (bend(report(), "stages/Lint!", FAILED), "stages", "does not match"),
        (bend(report(), "stages/lint", FAILED), "stages/lint", "'reason' is a required"),
        (bend(report(), "stages/later", {"duration": 1}), "stages/later", "'status' is a required"),
        (drop(report(), "stages/lint/issues"), "stages/lint", "'issues' is a required property"),
        (bend(report(), "stages/lint/issues", "0"), "stages/lint/issues", "not of type 'integer'"),
        (bend(report(), "stages/test/coverage", 101), "stages/test/coverage", "greater than the"),
        (drop(report(), "stages/test/tests_run"), "stages/test", "'tests_run' is a required"),
        (drop(report(), "stages/build/digest"), "stages/build", "'digest' is a required"),
        (bend(report(), "stages/build/digest", "sha256:1"), "stages/build/digest", "not match"),
        (bend(report(), "stages/build/platforms", []), "stages/build/platforms", "non-empty"),
        (
            bend(report(), "stages/build/sizes/linux~1", 1),
            "stages/build/sizes",
            "does not match",
        ),
        (
            drop(report(), "stages/scan/vulnerabilities/high"),
            "stages/scan/vulnerabilities",
            "'high' is a required property",
        ),
        (bend(report(), "stages/promote-test/tag", "release"), "stages/promote-test/tag", "'test'"),
        (
            bend(report(), "stages/deploy/environment", "moon"),
            "stages/deploy/environment",
            "not one",
        ),
        (bend(report(), "stages/deploy/previous", "v1"), "stages/deploy/previous", "not valid"),
        (drop(report(), "stages/verify/version"), "stages/verify", "'version' is a required"),
    ],
)
def test_a_wrong_field_is_named_by_its_path(bad: Report, path: str, says: str) -> None:
    """A report that does not fit is answered with the place and the reason."""
    with pytest.raises(NotAReport) as caught:
        parse(encode(bad))

    assert [problem.path for problem in caught.value.problems][0] == path
    assert any(says in problem.message for problem in caught.value.problems)


def nested(levels: int) -> Any:
    """Return a fact of this many arrays and objects in each other."""
    found: Any = 1
    for level in range(levels):
        found = [found] if level % 2 else {"a": found}
    return found


@pytest.mark.parametrize("levels", range(4))
def test_a_fact_may_have_three_levels(levels: int) -> None:
    """As the facts of every stage have."""
    assert parse(encode(report(stages={"custom": passed(fact=nested(levels))})))


UNBOUNDED = {
    "four levels": nested(4),
    "twenty levels": nested(20),
    "a long text": "x" * 10_001,
    "a long text inside": [{"a": ["x" * 10_001]}],
    "a large number": 10**16,
    "a small number": -1e16,
    "a large number inside": {"a": [1e300]},
    "a long list": [1] * 1001,
    "a long list inside": {"a": [[0] * 1001]},
    "many keys": {str(number): 1 for number in range(1001)},
    "a long key": {"k" * 201: 1},
    "a long key inside": [[{"k" * 201: 1}]],
}


@pytest.mark.parametrize("what", UNBOUNDED)
@pytest.mark.parametrize("stage", ["custom", "lint", "build", "verify"])
def test_a_fact_has_a_depth_and_a_size(stage: str, what: str) -> None:
    """Whichever stage it belongs to, and the answer names the place."""
    sent = report()
    sent["stages"][stage] = {**sent["stages"].get(stage, passed()), "fact": UNBOUNDED[what]}
    with pytest.raises(NotAReport) as caught:
        parse(encode(sent))

    assert caught.value.problems[0].path.startswith(f"stages/{stage}/fact")


@pytest.mark.parametrize("what", UNBOUNDED)
def test_what_needs_no_second_look_is_told_as_the_schema_tells_it(what: str) -> None:
    """The quick look is as strict as the schema: one passes what the other does."""
    sent = report(stages={"custom": passed(fact=UNBOUNDED[what])})
    bent: list[Any] = [[], None, {"lint": 1}]

    assert not is_modest(sent)
    assert is_modest(report())
    assert not any(is_modest(bend(report(), "stages", bad)) for bad in bent)
    assert is_modest(report(stages={"custom": passed(fact=[{"k" * 200: ["x" * 10_000, 1e15]}])}))
    assert not is_modest(report(stages={"custom": passed(**{"a\x1b": 1})}))


def test_a_stage_has_so_many_facts_and_no_more() -> None:
    """A hundred with its status and its duration."""
    fits = {f"fact_{number}": number for number in range(98)}

    assert parse(encode(report(stages={"custom": passed(**fits)})))
    with pytest.raises(NotAReport, match="stages/custom: .* has too many properties"):
        parse(encode(report(stages={"custom": passed(one_more=1, **fits)})))


@pytest.mark.parametrize("levels", [33, 500, 900])
def test_what_is_nested_deeply_is_named_so(levels: int) -> None:
    """Wherever it stands, before anything could recurse into it."""
    for sent in (nested(levels), {**report(), "surprise": nested(levels)}):
        with pytest.raises(NotJson, match="nested too deeply"):
            parse(encode(sent))


NOW = datetime(2026, 11, 24, 21, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("timestamp", "duration"),
    [
        ("2026-11-24T21:10:00Z", 0),
        ("2026-11-24T21:15:00Z", 0),
        ("2026-11-24T21:00:00Z", 900),
        ("0001-01-01T00:00:00Z", 1_000_000_000),
    ],
)
def test_a_report_of_the_past_is_taken(timestamp: str, duration: float) -> None:
    """Also one whose clock is a few minutes ahead."""
    assert refuse_future(report(timestamp=timestamp, duration=duration), NOW) is None


@pytest.mark.parametrize(
    ("timestamp", "duration", "path"),
    [
        ("2026-11-24T21:15:01Z", 0, "timestamp"),
        ("2027-01-01T00:00:00Z", 0, "timestamp"),
        ("9999-12-31T23:59:59.999999Z", 1_000_000_000, "timestamp"),
        ("2026-11-24T21:00:00Z", 901, "duration"),
        ("2026-11-24T21:14:59Z", 1_000_000_000, "duration"),
    ],
)
def test_a_report_of_the_future_is_none(timestamp: str, duration: float, path: str) -> None:
    """A run that begins or ends after it was reported would stand first for ever."""
    with pytest.raises(NotAReport) as caught:
        refuse_future(report(timestamp=timestamp, duration=duration), NOW)

    assert [problem.path for problem in caught.value.problems] == [path]
    assert "in the future" in caught.value.problems[0].message


def test_a_deployment_is_as_old_as_its_stage_and_no_younger_than_its_report() -> None:
    """Stages follow each other; a reused one took no time; nothing ends after its receipt."""
    sent = report(duration=100)
    sent["stages"]["lint"] |= {"reused": True, "duration": 60}
    begun = datetime(2026, 11, 24, 21, 0, tzinfo=UTC)
    (promotion,), (deployment,) = rows(sent).promotions, rows(sent).deployments
    (early,) = rows(sent, begun + timedelta(seconds=2)).deployments
    sent["stages"]["test"]["duration"] = 10_000
    (capped,) = rows(sent).deployments

    assert promotion.at == begun + timedelta(seconds=1.5 * 6)
    assert deployment.at == begun + timedelta(seconds=1.5 * 7)
    assert early.at == begun + timedelta(seconds=2)
    assert capped.at == begun + timedelta(seconds=100)


def test_many_and_long_problems_are_cut() -> None:
    """An answer stays short whatever is sent."""
    stages = {f"stage-{number}": {"status": "x" * 5000} for number in range(40)}
    with pytest.raises(NotAReport) as caught:
        parse(encode(bend(report(), "stages", stages)))

    assert len(caught.value.problems) == 10
    assert max(len(problem.message) for problem in caught.value.problems) == 200


def test_problems_read_as_one_line_too() -> None:
    """The exception's own text names every path."""
    assert str(NotAReport([Problem("a/b", "is bad"), Problem("c", "is worse")])) == (
        "a/b: is bad; c: is worse"
    )


def test_the_fingerprint_does_not_depend_on_the_writing() -> None:
    """The same report with other blanks and another order is the same report."""
    sent = report()
    turned = dict(reversed(sent.items()))

    assert fingerprint(parse(json.dumps(turned, indent=4).encode())) == fingerprint(sent)
    assert fingerprint(bend(sent, "stages/lint/issues", 1)) != fingerprint(sent)


def test_the_run_has_what_the_report_says() -> None:
    """Top-level fields become the run, its time aware of its zone."""
    sent = report(timestamp="2026-11-24T21:00:00.25Z")
    run = rows(sent).run

    assert run.pk == UUID(sent["run"])
    assert run.started_at == datetime(2026, 11, 24, 21, 0, 0, 250_000, tzinfo=UTC)
    assert (run.commit, run.branch, run.version) == ("c" * 40, "main", "1.2.3+gabc1234")
    assert (run.status, run.duration) == ("passed", 93.4)


def test_stages_keep_their_order_and_their_facts() -> None:
    """What is common to all stages gets a column, the rest stays together."""
    lint = passed(issues=0, reused=True, saved=9.5)
    late = {"status": "skipped", "duration": 0, "reason": "not on this branch"}
    found = rows(report(stages={"lint": lint, "build": late})).stages

    assert [(stage.position, stage.name, stage.status) for stage in found] == [
        (0, "lint", "passed"),
        (1, "build", "skipped"),
    ]
    assert (found[0].reused, found[0].facts) == (True, {"issues": 0, "saved": 9.5})
    assert (found[1].reused, found[1].reason, found[1].facts) == (False, "not on this branch", {})


def test_a_release_is_named_once_and_known_best_by_its_build() -> None:
    """Build, promotion and deployment speak of one digest, and make one release."""
    (release,) = rows(report()).releases

    assert release.digest == digest("a")
    assert release.platforms == ["linux/amd64", "linux/arm64"]
    assert release.sizes == {"linux/amd64": 200, "linux/arm64": 100}


def test_a_promotion_alone_still_makes_a_release() -> None:
    """`promote-release` runs apart from the build, and names a digest."""
    found = rows(report(stages={"promote-release": passed(digest=digest("b"), tag="release")}))

    assert [(item.digest, item.platforms) for item in found.releases] == [(digest("b"), [])]
    assert [(item.release_id, item.tag) for item in found.promotions] == [(digest("b"), "release")]


def test_only_what_happened_is_a_promotion_or_a_deployment() -> None:
    """A refused promotion and a skipped deployment are none; a failed deployment is one."""
    refused = {**FAILED, "reason": "no evidence", "digest": digest("a"), "tag": "test"}
    failed = deployed("a", status="failed", reason="unhealthy")
    skipped = deployed("a", "production", status="skipped", reason="stopped before")
    found = rows(
        report(stages={"promote-test": refused, "deploy": failed, "deploy-production": skipped})
    )

    assert found.promotions == []
    assert [(item.environment, item.status) for item in found.deployments] == [
        ("staging", "failed")
    ]


def test_a_deployment_that_fell_over_before_it_knew_its_digest_is_none() -> None:
    """An errored stage may know nothing."""
    fell = {"status": "errored", "duration": 0.1, "reason": "locked by another"}
    found = rows(report(stages={"deploy": fell}))

    assert (found.deployments, found.releases) == ([], [])


def test_a_promotion_and_a_deployment_have_their_own_time() -> None:
    """One stage follows the other: each is dated by its end, not by the start of the run."""
    timed = {"promote-test": 2.5, "deploy": 30, "verify": 1}
    sent = report(
        stages={name: stage | {"duration": timed.get(name, 1)} for name, stage in stages().items()}
    )
    found = rows(parse(encode(sent)))

    assert [row.at for row in found.promotions] == [START + timedelta(seconds=6 + 2.5)]
    assert [row.at for row in found.deployments] == [START + timedelta(seconds=6 + 2.5 + 30)]


@pytest.mark.parametrize(
    ("timestamp", "duration", "wanted"),
    [("2026-11-24T21:00:00Z", 20, 20), ("9999-12-31T23:59:59Z", 1_000_000_000, 0)],
)
def test_no_stage_ends_after_its_run(timestamp: str, duration: int, wanted: int) -> None:
    """Nor after the end of all time, whatever the report says of its seconds."""
    long = {name: stage | {"duration": 900_000_000} for name, stage in stages().items()}
    found = rows(parse(encode(report(timestamp=timestamp, duration=duration, stages=long))))

    began = datetime.fromisoformat(timestamp)
    assert {row.at for row in found.deployments} == {began + timedelta(seconds=wanted)}
