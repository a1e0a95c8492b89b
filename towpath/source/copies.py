"""Copies of the working tree: complete, independent repositories."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from towpath.config.workspace import Workspace
from towpath.core import inputs
from towpath.source import git
from towpath.source import snapshot as sources
from towpath.source.snapshot import SourceSnapshot


def make_copy(workspace: Workspace, places: Iterable[Path]) -> SourceSnapshot:
    """Write the working tree as it is now into each directory, and return what it is.

    Of a project that is a directory of a bigger repository, that directory is written, where it
    lies in it. All of them hold the very same files, whatever is edited meanwhile, with the commit,
    the branch, the tags and the remote of the first. A linked worktree, whose `.git` is only a file
    that points elsewhere, gives complete copies; a submodule that is checked out is copied too.
    Raises ConfigurationError for a project that is not in a git repository.
    """
    made_of = sources.read_source(workspace)
    with tempfile.TemporaryDirectory(prefix="towpath-") as scratch:
        env = {"GIT_INDEX_FILE": str(Path(scratch) / "index")}
        workspace.runner.run(git.read_tree(made_of.tree), env=env)
        for place in places:
            _make(workspace, made_of, place, env)
    return made_of


def _make(workspace: Workspace, made_of: SourceSnapshot, place: Path, env: dict[str, str]) -> None:
    run = workspace.runner.run
    # The top of the repository: below it, git would write only a part of the index.
    root = workspace.config.root.resolve()
    top = (root, *root.parents)[made_of.prefix.count("/")]
    here = place / made_of.prefix
    shutil.rmtree(place, ignore_errors=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    run(git.clone(str(top), str(place)))
    run(git.set_remote(made_of.remote) if made_of.remote else git.remove_remote(), cwd=place)
    here.mkdir(parents=True, exist_ok=True)
    run(git.check_out(str(here)), env=env, cwd=top)
    for path, commit in inputs.submodules(made_of.files).items():
        if (root / path / ".git").exists():
            run(git.clone(str(root / path), str(here / path)))
            run(git.check_out_commit(commit), cwd=here / path)
    # What is tracked although it is ignored is only known by the index.
    run(git.add_ignored_too(), cwd=here)
