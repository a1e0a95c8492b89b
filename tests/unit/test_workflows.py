"""The rules of the workflows: which job may do what, and whose words it takes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

WORKFLOWS = Path(__file__).parents[2] / ".github/workflows"
READ = {"contents": "read"}
PACKAGES = {"contents": "read", "packages": "write"}
# What each job may do. Whoever adds a right to a job has to write it down here too.
PERMISSIONS = {
    "pipeline.yml": {
        "checks": READ,
        "build": READ,
        "publish": PACKAGES,
        "promote": PACKAGES,
        "code-scanning": {"contents": "read", "security-events": "write"},
    },
    "release.yml": {"release": PACKAGES},
    "package.yml": {"build": READ, "publish": {"contents": "read", "id-token": "write"}},
}
EVERY = [(name, job) for name, jobs in PERMISSIONS.items() for job in jobs]


def workflow(name: str) -> dict[Any, Any]:
    """Return a workflow; for YAML its `on` is the word for true."""
    found: dict[Any, Any] = yaml.safe_load((WORKFLOWS / name).read_text())
    return found


def job_of(name: str, job: str) -> dict[str, Any]:
    """Return one job of a workflow."""
    found: dict[str, Any] = workflow(name)["jobs"][job]
    return found


def runs(name: str, job: str) -> str:
    """Return all that a job types."""
    return "\n".join(step.get("run", "") for step in job_of(name, job)["steps"])


def test_there_is_no_other_workflow() -> None:
    """A new one has to be in the table."""
    assert {file.name for file in WORKFLOWS.iterdir()} == set(PERMISSIONS)


@pytest.mark.parametrize("name", PERMISSIONS)
def test_each_job_may_do_what_the_table_says(name: str) -> None:
    """Without a right of its own a job has none."""
    document = workflow(name)

    assert document["permissions"] == {}
    jobs = document["jobs"]
    assert {job: row.get("permissions") for job, row in jobs.items()} == PERMISSIONS[name]


def test_what_a_pull_request_reaches_writes_nothing() -> None:
    """Jobs that may write to the registry wait for a push, or for one that does."""
    jobs = workflow("pipeline.yml")["jobs"]

    assert "github.event_name == 'push'" in jobs["publish"]["if"]
    assert "publish" in jobs["promote"]["needs"]
    assert "if" not in jobs["promote"]
    assert set(workflow("release.yml")[True]) == {"workflow_dispatch"}
    assert set(workflow("pipeline.yml")[True]) == {"push", "pull_request"}


def test_the_package_is_published_as_it_was_built_and_checked() -> None:
    """For a tag only; the job that may publish builds nothing and runs none of our code."""
    assert workflow("package.yml")[True] == {"push": {"tags": ["package-v*"]}}
    publish = job_of("package.yml", "publish")
    assert (publish["needs"], publish["environment"]) == ("build", "pypi")
    assert runs("package.yml", "publish").split("\n")[-2:] == [
        "python -m pip install --quiet --require-hashes -r requirements/uv.txt",
        "python -m uv publish --trusted-publishing=always dist/*",
    ]


@pytest.mark.parametrize(("name", "job"), EVERY)
def test_the_projects_code_runs_without_rights_and_without_a_token(name: str, job: str) -> None:
    """A token is given to the step that logs in, and to no job that runs checks."""
    row = job_of(name, job)
    text = yaml.safe_dump(row)
    with_token = [
        step["name"]
        for step in row["steps"]
        if re.search(r"github\.token|secrets\.", yaml.safe_dump(step))
    ]

    if "nox" in runs(name, job):
        assert row["permissions"] == READ
        assert "token" not in text.lower()
    assert with_token == (["Log in to the registry"] if row["permissions"] == PACKAGES else [])
    assert "github.token" not in yaml.safe_dump(row.get("env", {}))


@pytest.mark.parametrize(("name", "job"), EVERY)
def test_no_credentials_stay_in_the_checkout(name: str, job: str) -> None:
    """The token that fetched the source is not there any more when something runs."""
    checkouts = [
        step
        for step in job_of(name, job)["steps"]
        if step.get("uses", "").startswith("actions/checkout@")
    ]

    assert [step["with"]["persist-credentials"] for step in checkouts] == [False]


@pytest.mark.parametrize("name", PERMISSIONS)
def test_every_action_is_pinned_by_a_commit(name: str) -> None:
    """A tag of somebody else's may move."""
    uses = re.findall(r"uses: (\S+)", (WORKFLOWS / name).read_text())

    assert uses
    assert [row for row in uses if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", row)] == []


@pytest.mark.parametrize("name", PERMISSIONS)
def test_no_words_of_others_are_typed(name: str) -> None:
    """An expression in a `run:` line is pasted into the shell; variables are not."""
    jobs = workflow(name)["jobs"]

    assert [job for job in jobs if "${{" in runs(name, job)] == []


def test_checks_never_reuse_what_an_earlier_run_left() -> None:
    """No cache is restored, and every session runs in full."""
    lines = [line for line in runs("pipeline.yml", "checks").splitlines() if "nox" in line]

    assert lines == [
        "nox -s lint tests -- --fresh",
        "nox -s integration security -- --fresh",
        "nox -s engine -- --fresh",
        "nox -s browser",
    ]
    text = (WORKFLOWS / "pipeline.yml").read_text()
    assert "actions/cache" not in text
    assert "cache:" not in text


def test_evidence_counts_only_from_the_job_of_its_stages() -> None:
    """Each file is taken by its sha256, for the commit of the run, with its own stages."""
    checks, image = "lint,tests,integration,security", "build,scan"
    said = runs("pipeline.yml", "promote")
    promote = job_of("pipeline.yml", "promote")
    env = next(step["env"] for step in promote["steps"] if "CHECKS" in step.get("env", {}))

    for job, file, stages, name in (
        ("checks", "evidence-checks.json", checks, "CHECKS"),
        ("publish", "evidence-image.json", image, "IMAGE"),
    ):
        assert f"evidence.export reports/{file} --stages={stages})" in runs("pipeline.yml", job)
        row = job_of("pipeline.yml", job)
        assert row["outputs"] == {"evidence": "${{ steps.evidence.outputs.sha256 }}"}
        assert env[name] == f"${{{{ needs.{job}.outputs.evidence }}}}"
        assert (
            f"evidence.import reports/{file} --stages={stages}"
            f' --commit="$GITHUB_SHA" --sha256="${name}"'
        ) in said
    assert said.rstrip().endswith('invoke promote-test --digest="$digest"')
    assert "evidence" not in runs("pipeline.yml", "build")


def test_a_release_is_judged_by_the_default_branch() -> None:
    """Its code and its policy, whatever the run was started from."""
    checkout, *_rest = job_of("release.yml", "release")["steps"]

    assert checkout["with"]["ref"] == "${{ github.event.repository.default_branch }}"
    assert "nox" not in runs("release.yml", "release")
    assert job_of("release.yml", "release")["environment"] == "release"
