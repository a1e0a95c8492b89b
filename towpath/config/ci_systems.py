"""Which CI system runs us, for which branch, tag or pull request. Pure.

One row for each system: how it is recognised, and its documented variables. A missing variable
never lets a run go further: without a branch or a tag a run ends after the scan.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit, urlunsplit

Env = Mapping[str, str]

OVERRIDE = "TOWPATH_BRANCH"
FALSE = {"", "0", "false", "no", "off"}
TRUE = {"1", "true", "yes", "on"}

HEADS, TAGS = "refs/heads/", "refs/tags/"

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
# Where forges keep the commits of pull requests: GitHub and Azure, GitLab, Bitbucket, Gerrit.
_PULL_REQUESTS = (
    *("refs/pull/", "refs/merge-requests/", "refs/pull-requests/", "refs/changes/"),
    *("pull/", "merge-requests/", "pull-requests/", "changes/"),
)
# GitHub's merge queue, the same on systems that build for GitHub. It is nobody's branch.
_QUEUES = ("gh-readonly-queue/",)


@dataclass(frozen=True)
class CiRun:
    """A run of a CI system; an empty value is one that it does not name.

    `protected` says that only reviewed changes get to this branch or tag, as far as the system
    tells. `override` says that the branch or tag is the one that TOWPATH_BRANCH names.
    """

    system: str
    branch: str = ""
    tag: str = ""
    pull_request: bool = False
    number: str = ""
    url: str = ""
    id: str = ""
    commit: str = ""
    protected: bool = False
    override: bool = False

    @property
    def name(self) -> str:
        """What people call it: the branch, the tag, or the pull request; empty if unknown."""
        if self.pull_request:
            return f"pull/{self.number}" if self.number else "pull-request"
        return self.branch or self.tag

    @property
    def may_reuse(self) -> bool:
        """Whether evidence of an earlier run counts: its cache belongs to a protected branch.

        TOWPATH_BRANCH is set by the owner of the machine, who is responsible for its files.
        """
        return not self.pull_request and (self.protected or self.override)

    def as_json(self) -> dict[str, object]:
        """Return the run as recorded in evidence, without unknown values."""
        rows = {
            "system": self.system,
            "branch": self.branch,
            "tag": self.tag,
            "pull_request": self.number or True if self.pull_request else "",
            "url": self.url,
            "id": self.id,
            "commit": self.commit,
            "override": OVERRIDE if self.override else "",
        }
        return {name: value for name, value in rows.items() if value}


@dataclass(frozen=True)
class _System:
    """A row of the table: names of variables, in the order in which they are asked.

    `ref` returns a full reference, which goes before the plain names of `branch` and `tag`.
    `pull_request` are variables that only a pull request has, `events` those that name the event,
    with the values that mean one.
    """

    name: str
    is_running: Callable[[Env], bool]
    ref: Callable[[Env], str] = lambda env: ""
    branch: tuple[str, ...] = ()
    tag: tuple[str, ...] = ()
    pull_request: tuple[str, ...] = ()
    events: tuple[tuple[str, str], ...] = ()
    url: Callable[[Env], str] = lambda env: ""
    id: tuple[str, ...] = ()
    commit: tuple[str, ...] = ()
    protected: str = ""


def _github_ref(env: Env) -> str:
    """Return the full reference; older runners and copies of GitHub leave it to two variables."""
    head = TAGS if env.get("GITHUB_REF_TYPE") == "tag" else HEADS
    name = env.get("GITHUB_REF_NAME", "")
    return env.get("GITHUB_REF") or (f"{head}{name}" if name else "")


def _jenkins_ref(env: Env) -> str:
    """Return the full reference: of a multibranch job, else of the Git plugin's checkout."""
    if env.get("TAG_NAME"):
        return f"{TAGS}{env['TAG_NAME']}"
    if name := env.get("BRANCH_NAME") or env.get("GIT_LOCAL_BRANCH"):
        return f"{HEADS}{name}"
    name = env.get("GIT_BRANCH", "")
    if name.startswith("refs/") and not name.startswith("refs/remotes/"):
        return name
    # The Git plugin names the remote too, as in origin/main.
    _, slash, branch = name.removeprefix("refs/remotes/").partition("/")
    return f"{HEADS}{branch}" if slash else ""


def _is_true(name: str) -> Callable[[Env], bool]:
    return lambda env: env.get(name, "").lower() in TRUE


def _is_set(*names: str) -> Callable[[Env], bool]:
    return lambda env: any(env.get(name) for name in names)


def _value(*names: str) -> Callable[[Env], str]:
    return lambda env: _first(env, names)


def _joined(form: str) -> Callable[[Env], str]:
    """Return a function that fills an address in; it is empty if any part of it is."""
    parts = re.findall(r"\{(\w+)\}", form)
    return lambda env: (form.format_map(dict(env)) if all(env.get(part) for part in parts) else "")


# Sources: each system's own page of its variables.
SYSTEMS = (
    # docs.github.com, "Variables reference"; Gitea and Forgejo Actions set the same.
    _System(
        "GitHub Actions",
        lambda env: _is_true("GITHUB_ACTIONS")(env) or _is_set("GITHUB_REF_NAME")(env),
        ref=_github_ref,
        pull_request=("GITHUB_HEAD_REF",),
        events=(("GITHUB_EVENT_NAME", r"pull_request.*|merge_group"),),
        url=_joined("{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_ID}"),
        id=("GITHUB_RUN_ID",),
        commit=("GITHUB_SHA",),
        protected="GITHUB_REF_PROTECTED",
    ),
    # docs.gitlab.com, "Predefined CI/CD variables reference". A merge request's pipeline has no
    # CI_COMMIT_BRANCH; that of a merge train is one of a merge request.
    _System(
        "GitLab CI",
        _is_true("GITLAB_CI"),
        branch=("CI_COMMIT_BRANCH",),
        tag=("CI_COMMIT_TAG",),
        pull_request=("CI_MERGE_REQUEST_IID", "CI_EXTERNAL_PULL_REQUEST_IID"),
        events=(("CI_PIPELINE_SOURCE", r"merge_request_event|external_pull_request_event"),),
        url=_value("CI_PIPELINE_URL"),
        id=("CI_PIPELINE_ID",),
        commit=("CI_COMMIT_SHA",),
        protected="CI_COMMIT_REF_PROTECTED",
    ),
    # support.atlassian.com, "Variables and secrets". BITBUCKET_BRANCH is a pull request's source.
    _System(
        "Bitbucket Pipelines",
        _is_set("BITBUCKET_BUILD_NUMBER"),
        branch=("BITBUCKET_BRANCH",),
        tag=("BITBUCKET_TAG",),
        pull_request=("BITBUCKET_PR_ID",),
        url=_joined(
            "https://bitbucket.org/{BITBUCKET_REPO_FULL_NAME}"
            "/pipelines/results/{BITBUCKET_BUILD_NUMBER}"
        ),
        id=("BITBUCKET_BUILD_NUMBER",),
        commit=("BITBUCKET_COMMIT",),
    ),
    # learn.microsoft.com, "Use predefined variables".
    _System(
        "Azure Pipelines",
        _is_true("TF_BUILD"),
        ref=_value("BUILD_SOURCEBRANCH"),
        pull_request=(
            "SYSTEM_PULLREQUEST_PULLREQUESTNUMBER",
            "SYSTEM_PULLREQUEST_PULLREQUESTID",
        ),
        events=(("BUILD_REASON", r"PullRequest"),),
        url=_joined(
            "{SYSTEM_COLLECTIONURI}{SYSTEM_TEAMPROJECT}/_build/results?buildId={BUILD_BUILDID}"
        ),
        id=("BUILD_BUILDID",),
        commit=("BUILD_SOURCEVERSION",),
    ),
    # JENKINS_URL/env-vars.html and, in lower case, the plugins for GitHub's pull requests and
    # GitLab's merge requests.
    _System(
        "Jenkins",
        _is_set("JENKINS_URL", "JENKINS_HOME"),
        ref=_jenkins_ref,
        tag=("TAG_NAME",),
        pull_request=("CHANGE_ID", "ghprbPullId", "gitlabMergeRequestIid"),
        events=(("gitlabActionType", r"MERGE|NOTE"),),
        url=_value("BUILD_URL"),
        id=("BUILD_TAG", "BUILD_ID"),
        commit=("GIT_COMMIT",),
    ),
    # circleci.com/docs, "Project values and variables". A branch with an open pull request counts
    # as that request: the two cannot be distinguished.
    _System(
        "CircleCI",
        _is_true("CIRCLECI"),
        branch=("CIRCLE_BRANCH",),
        tag=("CIRCLE_TAG",),
        pull_request=(
            "CIRCLE_PR_NUMBER",
            "CIRCLE_PULL_REQUEST",
            "CIRCLE_PULL_REQUESTS",
        ),
        url=_value("CIRCLE_BUILD_URL"),
        id=("CIRCLE_WORKFLOW_ID", "CIRCLE_BUILD_NUM"),
        commit=("CIRCLE_SHA1",),
    ),
    # woodpecker-ci.org/docs, "Environment variables". CI_COMMIT_BRANCH is a request's target.
    _System(
        "Woodpecker CI",
        lambda env: "woodpecker" in (env.get("CI"), env.get("CI_SYSTEM_NAME")),
        branch=("CI_COMMIT_BRANCH",),
        tag=("CI_COMMIT_TAG",),
        ref=_value("CI_COMMIT_REF"),
        pull_request=("CI_COMMIT_PULL_REQUEST",),
        events=(
            ("CI_PIPELINE_EVENT", r"pull_request.*"),
            ("CI_BUILD_EVENT", r"pull_request.*"),
        ),
        url=_value("CI_PIPELINE_URL", "CI_PIPELINE_FORGE_URL", "CI_BUILD_LINK"),
        id=("CI_PIPELINE_NUMBER", "CI_BUILD_NUMBER"),
        commit=("CI_COMMIT_SHA",),
    ),
    # docs.drone.io, "Environment reference". DRONE_BRANCH is a pull request's target.
    _System(
        "Drone",
        lambda env: _is_true("DRONE")(env) or env.get("CI") == "drone",
        branch=("DRONE_BRANCH",),
        tag=("DRONE_TAG",),
        ref=_value("DRONE_COMMIT_REF"),
        pull_request=("DRONE_PULL_REQUEST",),
        events=(("DRONE_BUILD_EVENT", r"pull_request"),),
        url=_value("DRONE_BUILD_LINK"),
        id=("DRONE_BUILD_NUMBER",),
        commit=("DRONE_COMMIT_SHA",),
    ),
    # buildkite.com/docs, "Environment variables". BUILDKITE_PULL_REQUEST may be the word false.
    _System(
        "Buildkite",
        _is_true("BUILDKITE"),
        branch=("BUILDKITE_BRANCH",),
        tag=("BUILDKITE_TAG",),
        pull_request=("BUILDKITE_PULL_REQUEST", "BUILDKITE_MERGE_QUEUE_BASE_BRANCH"),
        url=_value("BUILDKITE_BUILD_URL"),
        id=("BUILDKITE_BUILD_ID",),
        commit=("BUILDKITE_COMMIT",),
    ),
    # jetbrains.com/help/teamcity, "List of predefined build parameters": the branch is no variable
    # of the environment, so a build passes it on as TOWPATH_BRANCH=%teamcity.build.branch%.
    _System(
        "TeamCity",
        _is_set("TEAMCITY_VERSION"),
        pull_request=("BUILD_IS_PERSONAL",),
        url=_value("BUILD_URL"),
        id=("BUILD_NUMBER",),
        commit=("BUILD_VCS_NUMBER",),
    ),
)


def read_ci_run(env: Env) -> CiRun | None:
    """Return the run of a CI system that these variables tell of; None on a person's machine.

    Where several systems seem to run us, one pull request is enough to make it one, and a branch
    or a tag counts only if they agree.
    """
    runs = [_run(row, env) for row in SYSTEMS if row.is_running(env)]
    if not runs and env.get("CI", "").strip().lower() in FALSE:
        return None
    return _overridden(_agreed(runs or [CiRun("unknown")]), env)


def _agreed(runs: Sequence[CiRun]) -> CiRun:
    requests = [row for row in runs if row.pull_request]
    if requests or len({(row.branch, row.tag) for row in runs}) == 1:
        return (requests or runs)[0]
    return replace(runs[0], branch="", tag="")


def _overridden(run: CiRun, env: Env) -> CiRun:
    """Return the run with the branch or tag of TOWPATH_BRANCH; a pull request stays one."""
    chosen = env.get(OVERRIDE, "").strip()
    if not chosen:
        return run
    if run.pull_request:
        return replace(run, override=True)
    named = _of_chosen(chosen)
    return replace(
        run,
        branch=named.branch,
        tag=named.tag,
        pull_request=named.pull_request,
        number=named.number,
        protected=False,
        override=True,
    )


def _run(row: _System, env: Env) -> CiRun:
    found = replace(
        _of(row.ref(env), _first(env, row.branch), _first(env, row.tag)),
        system=row.name,
        url=_shown(row.url(env)),
        id=_first(env, row.id),
        commit=_first(env, row.commit),
        protected=env.get(row.protected, "").lower() in TRUE,
    )
    number = _first(env, row.pull_request)
    event = any(re.fullmatch(form, env.get(name, "")) for name, form in row.events)
    if not (number or event or found.pull_request):
        return found
    digits = re.fullmatch(r"(?:https?://\S*/)?(\d+)", number)
    number = found.number or (digits[1] if digits else "")
    return replace(found, branch="", tag="", pull_request=True, number=number)


def _of(ref: str, branch: str, tag: str) -> CiRun:
    """Return what a full reference names, else a tag, else a branch."""
    if ref:
        return _of_ref(ref)
    return CiRun("", tag=tag) if tag else _of_branch(branch)


def _of_ref(ref: str) -> CiRun:
    """Return what a full reference names; one of no known kind names nothing."""
    if ref.startswith(_PULL_REQUESTS):
        digits = re.search(r"\d+", ref)
        return CiRun("", pull_request=True, number=digits[0] if digits else "")
    if ref.startswith(TAGS):
        return CiRun("", tag=ref.removeprefix(TAGS))
    return _of_branch(ref.removeprefix(HEADS) if ref.startswith(HEADS) else "")


def _of_branch(name: str) -> CiRun:
    """Return the run for a plain name: without a branch, systems name a pull request."""
    if name.startswith(_PULL_REQUESTS):
        return _of_ref(name)
    if name.startswith(_QUEUES):
        return CiRun("", pull_request=True)
    return CiRun("", branch="" if name in ("HEAD", "detached") else name)


def _of_chosen(name: str) -> CiRun:
    """Return what TOWPATH_BRANCH names: a full reference, `tag:NAME`, or a branch."""
    if name.startswith("tag:"):
        return CiRun("", tag=name.removeprefix("tag:"))
    return _of_ref(name) if name.startswith("refs/") else _of_branch(name)


def is_commit(text: str) -> bool:
    """Tell whether a text is a complete commit hash; some systems report HEAD, or nothing."""
    return bool(_COMMIT.fullmatch(text))


def _first(env: Env, names: tuple[str, ...]) -> str:
    """Return the first value that is set; the word false, which Buildkite writes, is not."""
    values = (env.get(name, "").strip() for name in names)
    return next((value for value in values if value.lower() not in FALSE), "")


def _shown(address: str) -> str:
    """Return a web address without a user or password, or nothing if it is no such address."""
    try:
        parts = urlsplit(address)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return ""
    return urlunsplit((parts.scheme, f"{parts.hostname}{port}", parts.path, parts.query, ""))
