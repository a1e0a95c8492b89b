"""Which CI system runs us: each one's own variables, as its documentation names them."""

from __future__ import annotations

import pytest

from towpath.config import ci_systems
from towpath.config.ci_systems import CiRun

COMMIT = "c" * 40
GITHUB = {
    "CI": "true",
    "GITHUB_ACTIONS": "true",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "team/shop",
    "GITHUB_RUN_ID": "77",
    "GITHUB_SHA": COMMIT,
    "GITHUB_EVENT_NAME": "push",
}
GITLAB = {
    "CI": "true",
    "GITLAB_CI": "true",
    "CI_PIPELINE_SOURCE": "push",
    "CI_PIPELINE_ID": "8",
    "CI_PIPELINE_URL": "https://gitlab.example.com/team/shop/-/pipelines/8",
    "CI_COMMIT_SHA": COMMIT,
}
BITBUCKET = {
    "CI": "true",
    "BITBUCKET_BUILD_NUMBER": "9",
    "BITBUCKET_REPO_FULL_NAME": "team/shop",
    "BITBUCKET_COMMIT": COMMIT,
}
AZURE = {
    "TF_BUILD": "True",
    "BUILD_REASON": "IndividualCI",
    "BUILD_BUILDID": "5",
    "SYSTEM_COLLECTIONURI": "https://dev.azure.com/team/",
    "SYSTEM_TEAMPROJECT": "shop",
    "BUILD_SOURCEVERSION": COMMIT,
}
JENKINS = {
    "JENKINS_URL": "https://jenkins.example.com/",
    "BUILD_URL": "https://jenkins.example.com/job/shop/15/",
    "BUILD_TAG": "jenkins-shop-15",
    "GIT_COMMIT": COMMIT,
}
CIRCLE = {
    "CI": "true",
    "CIRCLECI": "true",
    "CIRCLE_BUILD_URL": "https://circleci.com/gh/team/shop/3",
    "CIRCLE_BUILD_NUM": "3",
    "CIRCLE_SHA1": COMMIT,
}
WOODPECKER = {
    "CI": "woodpecker",
    "CI_PIPELINE_EVENT": "push",
    "CI_PIPELINE_URL": "https://ci.example.com/repos/7/pipeline/8",
    "CI_PIPELINE_NUMBER": "8",
    "CI_COMMIT_SHA": COMMIT,
}
DRONE = {
    "CI": "true",
    "DRONE": "true",
    "DRONE_BUILD_EVENT": "push",
    "DRONE_BUILD_LINK": "https://drone.example.com/team/shop/42",
    "DRONE_BUILD_NUMBER": "42",
    "DRONE_COMMIT_SHA": COMMIT,
}
BUILDKITE = {
    "CI": "true",
    "BUILDKITE": "true",
    "BUILDKITE_PULL_REQUEST": "false",
    "BUILDKITE_BUILD_URL": "https://buildkite.com/team/shop/builds/6",
    "BUILDKITE_BUILD_ID": "4735ba57",
    "BUILDKITE_COMMIT": COMMIT,
}
TEAMCITY = {
    "TEAMCITY_VERSION": "2025.07",
    "BUILD_URL": "https://teamcity.example.com/build/12",
    "BUILD_NUMBER": "12",
    "BUILD_VCS_NUMBER": COMMIT,
}
BRANCHES = [
    (GITHUB, {"GITHUB_REF": "refs/heads/main"}),
    (GITHUB, {"GITHUB_REF_TYPE": "branch", "GITHUB_REF_NAME": "main"}),
    (GITLAB, {"CI_COMMIT_BRANCH": "main"}),
    (BITBUCKET, {"BITBUCKET_BRANCH": "main"}),
    (AZURE, {"BUILD_SOURCEBRANCH": "refs/heads/main"}),
    (JENKINS, {"BRANCH_NAME": "main"}),
    (JENKINS, {"GIT_BRANCH": "origin/main"}),
    (JENKINS, {"GIT_BRANCH": "refs/remotes/origin/main"}),
    (CIRCLE, {"CIRCLE_BRANCH": "main"}),
    (WOODPECKER, {"CI_COMMIT_BRANCH": "main"}),
    (WOODPECKER, {"CI_COMMIT_REF": "refs/heads/main", "CI_COMMIT_BRANCH": "main"}),
    (DRONE, {"DRONE_BRANCH": "main", "DRONE_COMMIT_REF": "refs/heads/main"}),
    (BUILDKITE, {"BUILDKITE_BRANCH": "main", "BUILDKITE_TAG": ""}),
    (TEAMCITY, {"TOWPATH_BRANCH": "refs/heads/main"}),
]
TAGS = [
    (GITHUB, {"GITHUB_REF": "refs/tags/v1.2.3"}),
    (GITHUB, {"GITHUB_REF_TYPE": "tag", "GITHUB_REF_NAME": "v1.2.3"}),
    (GITLAB, {"CI_COMMIT_TAG": "v1.2.3"}),
    (BITBUCKET, {"BITBUCKET_TAG": "v1.2.3"}),
    (AZURE, {"BUILD_SOURCEBRANCH": "refs/tags/v1.2.3"}),
    (JENKINS, {"TAG_NAME": "v1.2.3", "BRANCH_NAME": "v1.2.3"}),
    (CIRCLE, {"CIRCLE_TAG": "v1.2.3"}),
    (WOODPECKER, {"CI_COMMIT_TAG": "v1.2.3", "CI_COMMIT_BRANCH": "main"}),
    (DRONE, {"DRONE_TAG": "v1.2.3", "DRONE_BRANCH": "main"}),
    (BUILDKITE, {"BUILDKITE_TAG": "v1.2.3", "BUILDKITE_BRANCH": "v1.2.3"}),
    (TEAMCITY, {"TOWPATH_BRANCH": "refs/tags/v1.2.3"}),
]
REQUESTS = [
    (GITHUB, {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_REF": "refs/pull/7/merge"}),
    (GITHUB, {"GITHUB_EVENT_NAME": "pull_request_target", "GITHUB_REF": "refs/heads/main"}),
    # A merged request: the event still is one, and the reference is the branch it went to.
    (GITHUB, {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_REF": "refs/heads/main"}),
    (GITHUB, {"GITHUB_EVENT_NAME": "pull_request_review", "GITHUB_REF": "refs/pull/7/merge"}),
    (GITHUB, {"GITHUB_REF_NAME": "7/merge", "GITHUB_HEAD_REF": "main"}),
    (GITHUB, {"GITHUB_EVENT_NAME": "merge_group", "GITHUB_REF": "refs/heads/main"}),
    (GITHUB, {"GITHUB_REF": "refs/heads/gh-readonly-queue/main/pr-7-abc"}),
    (GITLAB, {"CI_PIPELINE_SOURCE": "merge_request_event", "CI_COMMIT_BRANCH": "main"}),
    (GITLAB, {"CI_PIPELINE_SOURCE": "parent_pipeline", "CI_MERGE_REQUEST_IID": "7"}),
    (GITLAB, {"CI_MERGE_REQUEST_IID": "7", "CI_MERGE_REQUEST_EVENT_TYPE": "merge_train"}),
    (GITLAB, {"CI_PIPELINE_SOURCE": "external_pull_request_event", "CI_COMMIT_BRANCH": "main"}),
    (BITBUCKET, {"BITBUCKET_PR_ID": "7", "BITBUCKET_BRANCH": "main"}),
    (AZURE, {"BUILD_REASON": "PullRequest", "BUILD_SOURCEBRANCH": "refs/heads/main"}),
    (AZURE, {"BUILD_SOURCEBRANCH": "refs/pull/7/merge"}),
    (AZURE, {"SYSTEM_PULLREQUEST_PULLREQUESTID": "7", "BUILD_SOURCEBRANCH": "refs/heads/main"}),
    (JENKINS, {"CHANGE_ID": "7", "BRANCH_NAME": "main"}),
    (JENKINS, {"ghprbPullId": "7", "GIT_BRANCH": "origin/main"}),
    (JENKINS, {"gitlabActionType": "MERGE", "GIT_BRANCH": "origin/main"}),
    (CIRCLE, {"CIRCLE_PULL_REQUEST": "https://github.com/t/s/pull/7", "CIRCLE_BRANCH": "main"}),
    (CIRCLE, {"CIRCLE_BRANCH": "pull/7"}),
    (WOODPECKER, {"CI_PIPELINE_EVENT": "pull_request", "CI_COMMIT_BRANCH": "main"}),
    (WOODPECKER, {"CI_PIPELINE_EVENT": "pull_request_closed", "CI_COMMIT_BRANCH": "main"}),
    (WOODPECKER, {"CI_COMMIT_REF": "refs/pull/7/head", "CI_COMMIT_BRANCH": "main"}),
    (DRONE, {"DRONE_BUILD_EVENT": "pull_request", "DRONE_BRANCH": "main"}),
    (DRONE, {"DRONE_PULL_REQUEST": "7", "DRONE_BRANCH": "main"}),
    (BUILDKITE, {"BUILDKITE_PULL_REQUEST": "7", "BUILDKITE_BRANCH": "main"}),
    (BUILDKITE, {"BUILDKITE_BRANCH": "gh-readonly-queue/main/pr-7-abc"}),
    (BUILDKITE, {"BUILDKITE_MERGE_QUEUE_BASE_BRANCH": "main", "BUILDKITE_BRANCH": "main"}),
    (TEAMCITY, {"BUILD_IS_PERSONAL": "true", "TOWPATH_BRANCH": "main"}),
    (TEAMCITY, {"TOWPATH_BRANCH": "refs/pull/7/head"}),
    ({"CI": "true"}, {"TOWPATH_BRANCH": "pull/7"}),
]


def run_of(*tables: dict[str, str]) -> CiRun:
    """Return the run that these variables tell of."""
    found = ci_systems.read_ci_run({name: value for row in tables for name, value in row.items()})
    assert found is not None
    return found


@pytest.mark.parametrize(("base", "more"), BRANCHES)
def test_a_push_names_its_branch(base: dict[str, str], more: dict[str, str]) -> None:
    """Without the prefix of a reference or the name of a remote."""
    found = run_of(base, more)

    assert (found.branch, found.tag, found.pull_request) == ("main", "", False)
    assert found.commit == COMMIT
    assert found.name == "main"


@pytest.mark.parametrize(("base", "more"), TAGS)
def test_a_tag_is_told_from_a_branch(base: dict[str, str], more: dict[str, str]) -> None:
    """Also where the system gives a branch beside it."""
    found = run_of(base, more)

    assert (found.branch, found.tag, found.pull_request) == ("", "v1.2.3", False)


@pytest.mark.parametrize(("base", "more"), REQUESTS)
def test_a_pull_request_has_no_branch(base: dict[str, str], more: dict[str, str]) -> None:
    """Neither the one that it comes from nor the one that it goes to says anything."""
    found = run_of(base, more)

    assert (found.branch, found.tag, found.pull_request) == ("", "", True)
    assert found.name.startswith("pull")


@pytest.mark.parametrize(
    ("env", "system", "url", "number"),
    [
        (GITHUB, "GitHub Actions", "https://github.com/team/shop/actions/runs/77", "77"),
        (GITLAB, "GitLab CI", GITLAB["CI_PIPELINE_URL"], "8"),
        (
            BITBUCKET,
            "Bitbucket Pipelines",
            "https://bitbucket.org/team/shop/pipelines/results/9",
            "9",
        ),
        (AZURE, "Azure Pipelines", "https://dev.azure.com/team/shop/_build/results?buildId=5", "5"),
        (JENKINS, "Jenkins", JENKINS["BUILD_URL"], "jenkins-shop-15"),
        (CIRCLE, "CircleCI", CIRCLE["CIRCLE_BUILD_URL"], "3"),
        (WOODPECKER, "Woodpecker CI", WOODPECKER["CI_PIPELINE_URL"], "8"),
        (DRONE, "Drone", DRONE["DRONE_BUILD_LINK"], "42"),
        (BUILDKITE, "Buildkite", BUILDKITE["BUILDKITE_BUILD_URL"], "4735ba57"),
        (TEAMCITY, "TeamCity", TEAMCITY["BUILD_URL"], "12"),
    ],
)
def test_each_system_is_known_by_its_own_variables(
    env: dict[str, str], system: str, url: str, number: str
) -> None:
    """With where the run can be looked at, and without the variable CI too."""
    found = run_of({name: value for name, value in env.items() if (name, value) != ("CI", "true")})

    assert (found.system, found.url, found.id, found.commit) == (system, url, number, COMMIT)
    assert (found.branch, found.tag) == ("", "")


@pytest.mark.parametrize("value", ["", "0", "false", "False", "no", "off", " "])
def test_a_person_is_no_ci_system(value: str) -> None:
    """Neither without the variable CI nor with a word that denies it."""
    assert ci_systems.read_ci_run({"CI": value, "PATH": "/bin"}) is None
    assert ci_systems.read_ci_run({}) is None


@pytest.mark.parametrize("value", ["true", "1", "yes", "True", "something"])
def test_an_unknown_system_names_no_branch(value: str) -> None:
    """Whatever else stands in the environment."""
    assert run_of({"CI": value, "BRANCH": "main"}) == CiRun("unknown")


@pytest.mark.parametrize(
    "branch", ["origin/main", "tags/v1", "refs/tags/v1", "remotes/origin/main", "tag", "heads/main"]
)
def test_a_branch_cannot_pass_for_another_by_its_name(branch: str) -> None:
    """A prefix is taken away once, where the system put it."""
    assert run_of(GITHUB, {"GITHUB_REF": f"refs/heads/{branch}"}).branch == branch
    assert run_of(GITLAB, {"CI_COMMIT_BRANCH": branch}).branch == branch
    assert run_of(JENKINS, {"GIT_BRANCH": f"origin/{branch}"}).branch == branch


@pytest.mark.parametrize("ref", ["refs/notes/x", "HEAD", "main", "$/project/trunk"])
def test_a_reference_of_no_known_kind_names_nothing(ref: str) -> None:
    """It may be anything."""
    found = run_of(AZURE, {"BUILD_SOURCEBRANCH": ref})

    assert (found.branch, found.tag, found.pull_request) == ("", "", False)


@pytest.mark.parametrize(
    ("chosen", "branch", "tag"),
    [
        ("release/2", "release/2", ""),
        ("refs/heads/main", "main", ""),
        ("tag:v1.2.3", "", "v1.2.3"),
        ("refs/tags/v1.2.3", "", "v1.2.3"),
        ("v1.2.3", "v1.2.3", ""),
    ],
)
def test_towpath_branch_replaces_what_the_system_names(chosen: str, branch: str, tag: str) -> None:
    """A plain name is a branch, and the run says that somebody chose it."""
    for base in ({"CI": "true"}, GITHUB | {"GITHUB_REF": "refs/heads/topic"}):
        found = run_of(base, {"TOWPATH_BRANCH": chosen})

        assert (found.branch, found.tag, found.override) == (branch, tag, True)
        assert found.as_json()["override"] == "TOWPATH_BRANCH"


def test_towpath_branch_never_lifts_a_pull_request() -> None:
    """And the evidence still says that it was set."""
    request = {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_REF": "refs/pull/7/merge"}

    found = run_of(GITHUB, request, {"TOWPATH_BRANCH": "release/1"})

    assert found.as_json() == {
        "system": "GitHub Actions",
        "pull_request": "7",
        "url": "https://github.com/team/shop/actions/runs/77",
        "id": "77",
        "commit": COMMIT,
        "override": "TOWPATH_BRANCH",
    }


def test_two_systems_that_disagree_name_no_branch() -> None:
    """One of them lies, or runs inside of the other; a pull request of either stays one."""
    main, topic = {"CI_COMMIT_BRANCH": "main"}, {"GIT_BRANCH": "origin/topic"}

    assert run_of(GITLAB, main, JENKINS, topic).branch == ""
    assert run_of(GITLAB, main, JENKINS, {"GIT_BRANCH": "origin/main"}).branch == "main"
    assert run_of(GITLAB, main, JENKINS, {"CHANGE_ID": "7"}).pull_request


@pytest.mark.parametrize(
    ("env", "reused"),
    [
        (GITHUB | {"GITHUB_REF": "refs/heads/main", "GITHUB_REF_PROTECTED": "true"}, True),
        (GITHUB | {"GITHUB_REF": "refs/heads/main", "GITHUB_REF_PROTECTED": "false"}, False),
        (GITHUB | {"GITHUB_HEAD_REF": "x", "GITHUB_REF_PROTECTED": "true"}, False),
        (GITLAB | {"CI_COMMIT_BRANCH": "main", "CI_COMMIT_REF_PROTECTED": "true"}, True),
        (JENKINS | {"BRANCH_NAME": "main"}, False),
        ({"CI": "true"}, False),
        ({"CI": "true", "TOWPATH_BRANCH": "release/1"}, True),
    ],
)
def test_a_cache_counts_if_it_belongs_to_a_protected_branch(
    env: dict[str, str], reused: bool
) -> None:
    """Or where somebody answers for the machine by setting TOWPATH_BRANCH."""
    assert run_of(env).may_reuse is reused


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://user:word@ci.example.com:8443/a?b=1", "https://ci.example.com:8443/a?b=1"),
        ("javascript:alert(1)", ""),
        ("https://ci.example.com:port/", ""),
        ("/job/1", ""),
    ],
)
def test_the_address_of_a_run_holds_no_password(address: str, shown: str) -> None:
    """It goes into evidence and reports; what is no web address does not."""
    assert run_of(JENKINS, {"BUILD_URL": address}).url == shown


@pytest.mark.parametrize(
    ("text", "known"),
    [(COMMIT, True), ("a" * 64, True), ("HEAD", False), ("", False), ("c" * 39, False)],
)
def test_a_whole_commit_is_told_from_a_word(text: str, known: bool) -> None:
    """Buildkite says HEAD; a repository with sha256 has longer names."""
    assert ci_systems.is_commit(text) is known
