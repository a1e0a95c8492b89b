"""Commit, tree, branch and version, as git and CI tell them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes import QuietTerminal, TableRunner, outcome
from towpath import config
from towpath.config.workspace import Workspace
from towpath.core.errors import ConfigurationError
from towpath.source import snapshot as source

GITHUB = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "pull_request"}
COMMIT, TREE, OTHER = "c" * 40, "t" * 40, "d" * 40


def workspace_of(
    tmp_path: Path, runner: TableRunner, env: dict[str, str] | None = None
) -> Workspace:
    """Return a session in an empty project."""
    return Workspace(config.parse({}, tmp_path, env or {}), runner, QuietTerminal())


def git(**answers: object) -> TableRunner:
    """Return a runner that answers as a clean checkout of main does, but for what is named."""
    table = {
        "rev-parse HEAD": f"{COMMIT}\n{TREE}\n",
        "config --get core.autocrlf": outcome(code=1),
        "ls-files": "",
        "add --all": "",
        "write-tree": f"{TREE}\n",
        "ls-tree": "",
        "tag --points-at": "",
        "symbolic-ref": "main\n",
        "log -1": "1795554530\n",
        "config --get": outcome(code=1),
    }
    return TableRunner(table | answers)  # type: ignore[operator]


def test_a_clean_checkout(tmp_path: Path) -> None:
    """Commit and tree are HEAD's, the version names the commit."""
    found = source.read_source(workspace_of(tmp_path, git()))

    assert found == source.SourceSnapshot(
        COMMIT, TREE, "main", "0.0.0+gccccccc", False, 1795554530, ""
    )
    assert found.subject.digest == {"gitCommit": COMMIT, "gitTree": TREE}


def test_a_changed_file_makes_it_dirty(tmp_path: Path) -> None:
    """The tree is that of the files as they are, and the version says so."""
    found = source.read_source(workspace_of(tmp_path, git(**{"write-tree": f"{OTHER}\n"})))

    assert found.dirty
    assert found.tree == OTHER
    assert found.version == "0.0.0+gccccccc.ddddddddd"


def test_the_users_index_is_not_touched(tmp_path: Path) -> None:
    """Files are added to a copy of the index."""
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git/index").write_bytes(b"index")

    source.read_source(workspace_of(tmp_path, git()))

    assert (tmp_path / ".git/index").read_bytes() == b"index"


def test_no_commit_is_a_clear_error(tmp_path: Path) -> None:
    """A project that git does not know stops the run with exit code 2."""
    runner = TableRunner({"rev-parse": outcome(code=128, stderr="not a git repository")})

    with pytest.raises(ConfigurationError) as caught:
        source.read_source(workspace_of(tmp_path, runner))

    assert "not a git repository" in caught.value.why
    assert "git init" in caught.value.next_step


@pytest.mark.parametrize(
    ("env", "answers", "branch"),
    [
        ({"GITHUB_REF_NAME": "release/1.0"}, {}, "release/1.0"),
        ({"GITHUB_HEAD_REF": "main", "GITHUB_REF": "refs/pull/7/merge"} | GITHUB, {}, "pull/7"),
        ({"TOWPATH_BRANCH": "release/2", "GITHUB_REF_NAME": "x"}, {}, "release/2"),
        ({"TOWPATH_BRANCH": "release/2"}, {}, "release/2"),
        ({"CI": "true"}, {}, "main"),
        ({}, {"symbolic-ref": outcome(code=1), "tag --points-at": "v1.2.3\n"}, "v1.2.3"),
        ({}, {"symbolic-ref": outcome(code=1)}, "HEAD"),
    ],
    ids=[
        "ci names the ref",
        "a pull request has its number",
        "somebody chose",
        "somebody chose on a laptop",
        "a ci that names none",
        "detached at a tag",
        "detached",
    ],
)
def test_the_branch(
    tmp_path: Path, env: dict[str, str], answers: dict[str, object], branch: str
) -> None:
    """CI's own variable comes before the checkout, which is detached there."""
    assert source.read_source(workspace_of(tmp_path, git(**answers), env)).branch == branch


@pytest.mark.parametrize(
    ("dirty", "tags", "version"),
    [
        ("", ["v1.2.3"], "1.2.3"),
        ("", ["nightly", "v2.0.0rc1"], "2.0.0rc1"),
        ("", ["v1"], "0.0.0+gccccccc"),
        (OTHER, ["v1.2.3"], "0.0.0+gccccccc.ddddddddd"),
    ],
    ids=["release tag", "release candidate", "no release tag", "dirty is never a release"],
)
def test_the_version(dirty: str, tags: list[str], version: str) -> None:
    """Only a release tag on a clean tree gives a release's version."""
    assert source.version(COMMIT, dirty, tags) == version


def test_the_remote_has_no_password(tmp_path: Path) -> None:
    """A user or a password in the remote's address never reaches a label."""
    address = "https://user:secret@example.com/team/app.git\n"

    found = source.read_source(workspace_of(tmp_path, git(**{"config --get": address})))

    assert found.remote == "https://example.com/team/app.git"


@pytest.mark.parametrize(
    ("said", "what", "next_step"),
    [
        (
            "fatal: detected dubious ownership in repository at '/work'",
            "git refuses to read this repository because it belongs to another user.",
            "git config --global --add safe.directory {root}",
        ),
        (
            "fatal: not a git repository (or any of the parent directories): .git",
            "The project is not in a git repository.",
            "Run `git init`, commit your files, and run the command again.",
        ),
        (
            "fatal: ambiguous argument 'HEAD': unknown revision or path not in the working tree.",
            "git reports no commit for the project.",
            "Commit your files and run the command again.",
        ),
        (
            "fatal: path 'shop' exists on disk, but not in 'HEAD'",
            "None of the project's files is committed in its git repository.",
            "Commit them, or run `git init` in the project's directory, and run the command again.",
        ),
    ],
)
def test_git_says_why_there_is_no_source(
    tmp_path: Path, said: str, what: str, next_step: str
) -> None:
    """What helps against one does not help against another."""
    runner = TableRunner({"rev-parse": outcome(code=128, stderr=said)})

    with pytest.raises(ConfigurationError) as caught:
        source.read_source(workspace_of(tmp_path, runner))

    assert (caught.value.what, caught.value.why) == (what, said)
    assert caught.value.next_step == next_step.format(root=tmp_path)


@pytest.mark.parametrize(
    ("tags", "prefix", "wanted"),
    [
        (["v1.2.3"], "", "1.2.3"),
        (["shop-v1.2.3"], "", "0.0.0+gccccccc"),
        (["other-v3.0.0", "shop-v1.2.3"], "apps/shop/", "1.2.3"),
        (["apps/shop/v1.2.3", "v9.0.0"], "apps/shop/", "1.2.3"),
        (["v9.0.0"], "apps/shop/", "9.0.0"),
        (["other-v3.0.0"], "apps/shop/", "0.0.0+gccccccc"),
    ],
)
def test_a_project_in_a_directory_has_tags_of_its_own(
    tags: list[str], prefix: str, wanted: str
) -> None:
    """A tag of the whole repository counts where there is none of its own."""
    assert source.version("c" * 40, "", tags, prefix) == wanted
