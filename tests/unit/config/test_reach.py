"""How far a run goes: branches, tags, pull requests, and what nobody knows."""

from __future__ import annotations

import pytest

from towpath.config import ci_systems, reach

HEAD = "c" * 40
GITHUB = {"CI": "true", "GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "push"}
BRANCHES = {"main": "test", "release/*": "release", "tag:v*": "release", "*": "scan"}
OLD = {"main": "test", "release/*": "release", "v*": "release", "*": "scan"}


def limit_of(env: dict[str, str], branches: dict[str, str] | None = None) -> reach.Limit:
    """Return how far a run with this environment goes."""
    return reach.limit(
        BRANCHES if branches is None else branches, ci_systems.read_ci_run(env), HEAD
    )


@pytest.mark.parametrize("branches", [BRANCHES, OLD])
@pytest.mark.parametrize(
    ("env", "wanted"),
    [
        ({}, "test"),
        ({"CI": "true"}, "scan"),
        ({"CI": "woodpecker", "CI_COMMIT_BRANCH": "main"}, "test"),
        ({"TF_BUILD": "True", "BUILD_SOURCEBRANCH": "refs/heads/topic"}, "scan"),
        ({"JENKINS_URL": "https://j", "BRANCH_NAME": "release/1"}, "release"),
        (GITHUB | {"GITHUB_REF_TYPE": "branch", "GITHUB_REF_NAME": "vendor-bump"}, "scan"),
        (GITHUB | {"GITHUB_REF": "refs/heads/v1.2.3"}, "scan"),
        (GITHUB | {"GITHUB_REF": "refs/tags/v1.2.3"}, "release"),
        (GITHUB | {"GITHUB_REF": "refs/tags/main"}, "scan"),
        (GITHUB | {"GITHUB_REF": "refs/tags/release/1"}, "scan"),
        (GITHUB | {"GITHUB_REF": "refs/heads/main"}, "test"),
        (GITHUB | {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_HEAD_REF": "main"}, "scan"),
        (GITHUB | {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_HEAD_REF": "release/1"}, "scan"),
        ({"CI": "true", "TOWPATH_BRANCH": "release/ci"}, "release"),
        ({"CI": "true", "TOWPATH_BRANCH": "tag:v2"}, "release"),
        ({"CI": "true", "TOWPATH_BRANCH": "v2"}, "scan"),
        ({"TOWPATH_BRANCH": "release/1"}, "test"),
    ],
)
def test_how_far_a_run_goes(env: dict[str, str], wanted: str, branches: dict[str, str]) -> None:
    """A tag never passes for a branch, nor a branch for a tag; the old form means tags."""
    assert limit_of(env, branches).reach == wanted


def test_a_pattern_may_say_what_it_is_for() -> None:
    """`branch:` is for branches that look like tags."""
    both = {"branch:v*": "test", "tag:*": "release"}

    assert reach.reach(both, branch="v1") == "test"
    assert reach.reach(both, tag="v1") == "release"
    assert reach.reach(both, branch="main") == "scan"
    assert reach.reach({"v1.x": "test"}, branch="v1.x") == "test"
    assert reach.reach({"*": "release"}, branch="") == "scan"


@pytest.mark.parametrize(
    ("pattern", "kind"),
    [
        ("v*", "tag"),
        ("v[0-9]*", "tag"),
        ("v1.*", "tag"),
        ("v?.?", "tag"),
        ("v1.x", "branch"),
        ("vendor*", "branch"),
        ("*", "branch"),
        ("main", "branch"),
    ],
)
def test_the_old_form_is_a_version_with_a_wildcard(pattern: str, kind: str) -> None:
    """Its warning names both new forms."""
    assert reach.kind_of(pattern) == (kind, pattern)
    assert bool(reach.old_forms({pattern: "release"})) is (kind == "tag")
    if kind == "tag":
        assert f"'tag:{pattern}'" in reach.old_forms({pattern: "release"})[0]
        assert f"'branch:{pattern}'" in reach.old_forms({pattern: "release"})[0]


def test_another_commit_than_that_of_the_branch_goes_to_scan() -> None:
    """As where a job of the main branch checks a pull request out."""
    push = GITHUB | {"GITHUB_REF": "refs/heads/main", "GITHUB_SHA": "d" * 40}

    assert limit_of(push).reach == "scan"
    assert "is checked out" in limit_of(push).why
    assert limit_of(push | {"GITHUB_SHA": HEAD}).reach == "test"
    assert limit_of(push | {"GITHUB_SHA": "HEAD"}).reach == "test"
    assert reach.limit(BRANCHES, ci_systems.read_ci_run(push)).reach == "test"


@pytest.mark.parametrize(
    ("env", "why"),
    [
        ({}, "A release can only be made in CI, where the variable CI is true."),
        ({"CI": "1"}, "The CI system (unknown) reports no branch and no tag."),
        (
            GITHUB | {"GITHUB_REF": "refs/pull/7/merge", "TOWPATH_BRANCH": "main"},
            "This is a pull request (pull/7 in GitHub Actions); its run ends after the scan."
            " TOWPATH_BRANCH does not change that.",
        ),
        (
            {"CI": "true", "TOWPATH_BRANCH": "main"},
            "[tool.towpath.branches] allows the branch 'main' to go to"
            " test. It was set by TOWPATH_BRANCH.",
        ),
        (
            GITHUB | {"GITHUB_REF": "refs/tags/nightly"},
            "[tool.towpath.branches] allows the tag 'nightly' to go to scan.",
        ),
    ],
)
def test_the_reason_says_what_decided(env: dict[str, str], why: str) -> None:
    """In words that somebody understands who has never read the settings."""
    assert limit_of(env).why == why


def test_a_limit_allows_what_is_before_it() -> None:
    """Scan comes before test, and test before release."""
    limit = reach.Limit("test", "")

    assert [limit.allows(name) for name in reach.REACHES] == [True, True, False]
