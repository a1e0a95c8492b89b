"""Verification compares what answers, and what runs, with what should."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.deployment.world import FIRST, SECOND, World, site_of
from towpath.core.http import HttpAnswer
from towpath.deployment import deploy, verify
from towpath.environments.environment import Site


@pytest.fixture
def served(tmp_path: Path) -> Site:
    """An environment that serves 1.0."""
    site = site_of(World(), tmp_path)
    deploy.carry_out(site, "deploy", FIRST, "1.0")
    return site


def answers(digest: str = FIRST, version: str = "1.0", ready: int = 200) -> dict[str, HttpAnswer]:
    """Return what the two health paths say."""
    status = "ok" if ready == 200 else "down"
    return {
        "live": HttpAnswer(200, {"status": "ok", "digest": digest, "version": version}),
        "ready": HttpAnswer(ready, {"status": status}),
    }


def facts(site: Site, said: dict[str, HttpAnswer], digest: str = FIRST) -> dict[str, object]:
    """Verify 1.0 where the proxy answers so."""
    return verify.inspect(site, digest, "1.0", lambda url: said[url.rpartition("/")[2]])


def test_a_release_that_answers_as_itself_has_no_mismatch(served: Site) -> None:
    """Version, digest, readiness and the engine agree."""
    found = facts(served, answers())

    assert (found["mismatches"], found["problems"], found["containers"]) == (0, [], 1)


@pytest.mark.parametrize(
    ("said", "word"),
    [
        (answers(digest=SECOND), "digest"),
        (answers(version="0.9"), "version"),
        (answers(ready=503), "/health/ready answers 503"),
        ({**answers(), "live": HttpAnswer(0, problem="ConnectionError")}, "ConnectionError"),
    ],
    ids=["digest", "version", "not ready", "no answer"],
)
def test_each_difference_is_counted_and_said(
    served: Site, said: dict[str, HttpAnswer], word: str
) -> None:
    """Nothing that differs is passed over."""
    found = facts(served, said)

    assert isinstance(found["mismatches"], int) and found["mismatches"] > 0
    assert word in " ".join(map(str, found["problems"]))  # type: ignore[call-overload]


def test_what_the_engine_runs_counts_too(served: Site) -> None:
    """An answer may be cached or made up; the container's image is not."""
    found = facts(served, answers(digest=SECOND), digest=SECOND)

    assert "web-5 runs" in str(found["problems"])


def test_an_environment_behind_which_nothing_runs_is_a_mismatch(tmp_path: Path) -> None:
    """Whatever answers on its port."""
    found = facts(site_of(World(), tmp_path), answers())

    assert found["problems"] == ["containers behind the proxy 0, not 1"]
