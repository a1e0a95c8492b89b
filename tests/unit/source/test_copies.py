"""Copies of the working tree, made by the real git."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.fakes import QuietTerminal
from towpath import config
from towpath.config.workspace import Workspace
from towpath.core.errors import ConfigurationError
from towpath.core.runner import Runner
from towpath.source import copies as checkouts
from towpath.source import snapshot as source

pytestmark = pytest.mark.door
WHO = ("-c", "user.name=Test", "-c", "user.email=test@example.com")


def session_in(root: Path) -> Workspace:
    """Return a session in this directory, with git as the machine has it."""
    env = {"PATH": os.environ["PATH"], "HOME": str(root.parent), "GIT_CONFIG_NOSYSTEM": "1"}
    terminal = QuietTerminal()
    return Workspace(config.parse({}, root, env), Runner(terminal, env=env, cwd=root), terminal)


def git(root: Path, *words: str) -> str:
    """Run git in a directory and return what it says."""
    return session_in(root).runner.run(["git", *WHO, *words]).stdout.strip()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a repository with a tag and a remote, and a working tree that has moved on."""
    place = tmp_path / "with a space"
    place.mkdir()
    git(place, "init", "--quiet", "--initial-branch=work")
    for name in ("kept", "gone", "changed", "ignored"):
        (place / name).write_text(name)
    (place / "kept").chmod(0o755)
    (place / ".gitignore").write_text("ignored\nsecret\n")
    git(place, "add", "--all", "--force")
    git(place, "commit", "--quiet", "--message=First")
    git(place, "tag", "v1.2.3")
    git(place, "remote", "add", "origin", "https://user:word@example.com/project.git")
    (place / "gone").unlink()
    (place / "changed").write_text("otherwise")
    (place / "new").symlink_to("kept")
    (place / "secret").write_text("not to be copied")
    return place


def test_a_copy_is_the_same_source(root: Path, tmp_path: Path) -> None:
    """Commit, tree, branch, version, dirt: all as in the first; the remote without its secret."""
    places = [root / "reports/one", tmp_path / "two"]

    made_of = checkouts.make_copy(session_in(root), places)

    assert made_of.dirty
    for place in places:
        assert source.read_source(session_in(place)) == made_of
        assert sorted(row.name for row in place.iterdir()) == (
            [".git", ".gitignore", "changed", "ignored", "kept", "new"]
        )
        assert (place / "changed").read_text() == "otherwise"
        assert os.access(place / "kept", os.X_OK)
        assert (place / "new").is_symlink()
        assert "word" not in git(place, "config", "--list", "--local")


def test_the_first_is_left_as_it_was(root: Path, tmp_path: Path) -> None:
    """Neither its index nor its files change."""
    before = git(root, "status", "--porcelain")

    checkouts.make_copy(session_in(root), [tmp_path / "copy"])

    assert git(root, "status", "--porcelain") == before


def test_a_linked_worktree_gives_a_whole_copy(root: Path, tmp_path: Path) -> None:
    """The copy needs nothing of the repository that the worktree hangs on."""
    linked = tmp_path / "linked"
    git(root, "worktree", "add", "--quiet", "-b", "other", str(linked))
    (linked / "kept").write_text("in the worktree")

    made_of = checkouts.make_copy(session_in(linked), [tmp_path / "copy"])
    shutil.rmtree(root)

    assert made_of.branch == "other"
    assert source.read_source(session_in(tmp_path / "copy")).tree == made_of.tree
    assert git(tmp_path / "copy", "log", "--format=%s") == "First"


def test_an_old_copy_is_replaced(root: Path, tmp_path: Path) -> None:
    """What a killed run left does not get into the new one."""
    (tmp_path / "copy/stale").mkdir(parents=True)

    checkouts.make_copy(session_in(root), [tmp_path / "copy"])

    assert not (tmp_path / "copy/stale").exists()


def test_a_directory_without_a_repository_is_told(tmp_path: Path) -> None:
    """There is no commit to speak of."""
    place = tmp_path / "plain"
    place.mkdir()

    with pytest.raises(ConfigurationError, match="not in a git repository"):
        checkouts.make_copy(session_in(place), [tmp_path / "copy"])
