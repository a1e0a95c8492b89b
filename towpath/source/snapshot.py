"""What is being judged and built: commit, tree, branch and version of the working tree."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from towpath.config.ci_systems import OVERRIDE
from towpath.config.workspace import Workspace
from towpath.core import inputs
from towpath.core.errors import CommandFailedError, ConfigurationError
from towpath.core.inputs import Entry
from towpath.core.runner import Outcome
from towpath.core.subject import Subject
from towpath.source import git, remotes

# Stands in the line of a submodule that has changes, before the tree of its files as they are.
_CHANGED = " with "
# Source: git-lfs, docs/spec.md.
_POINTER = b"version https://git-lfs.github.com/spec/v1"
_RELEASE_TAG = re.compile(r"v(\d+\.\d+\.\d+(?:[a-z0-9.]*))")


@dataclass(frozen=True)
class SourceFiles:
    """The files as they are, committed or not: their git tree hash, and each one's own.

    Without `files` only the hash of the tree is known. `prefix` is where the project lies in a
    repository that holds more: empty at its top, else as in `apps/shop/`.
    """

    commit: str
    tree: str
    files: tuple[Entry, ...] = field(default=(), kw_only=True, repr=False)
    prefix: str = field(default="", kw_only=True)

    @property
    def subject(self) -> Subject:
        """The subject of the statements of the stages before the image."""
        return Subject.commit(self.commit, self.tree)


@dataclass(frozen=True)
class SourceSnapshot(SourceFiles):
    """A working tree, and what is known of it besides its files."""

    branch: str
    version: str
    dirty: bool
    epoch: int
    remote: str


def read_files(workspace: Workspace) -> SourceFiles:
    """Ask git for the files only; raises ConfigurationError where there is no commit yet."""
    return _snapshot(workspace)[0]


def read_source(workspace: Workspace) -> SourceSnapshot:
    """Ask git; raises ConfigurationError where there is no repository or no commit yet.

    So it does where a submodule has changes that it did not commit: no tree names them.
    """
    seen, committed = _snapshot(workspace)
    _refuse_changed_submodules(seen)
    _warn_of_pointers(workspace, seen)
    commit, tree = seen.commit, seen.tree
    dirty = tree != committed
    tags = workspace.runner.run(git.tags_at_head()).stdout.split()
    return SourceSnapshot(
        commit=commit,
        tree=tree,
        branch=_branch(workspace, tags),
        version=version(commit, tree if dirty else "", tags, seen.prefix),
        dirty=dirty,
        epoch=int(workspace.runner.run(git.commit_time()).stdout),
        remote=_remote(workspace),
        files=seen.files,
        prefix=seen.prefix,
    )


def version(commit: str, dirty_tree: str, tags: list[str], prefix: str = "") -> str:
    """Return the version: of a release tag, else `0.0.0+g<commit>`, with the tree where dirty.

    A dirty tree never has a release's version. The form is a PEP 440 local version. In a repository
    of several projects `prefix` is the directory of this one, as in `apps/shop/`: a tag with that
    in front, or with its last part, is its own, as `apps/shop/v1.2.3` or `shop-v1.2.3`.
    """
    if dirty_tree:
        return f"0.0.0+g{commit[:7]}.d{dirty_tree[:8]}"
    for start in (*_of_project(prefix), ""):
        for tag in tags:
            if match := _RELEASE_TAG.fullmatch(tag.removeprefix(start)):
                if tag.startswith(start):
                    return match[1]
    return f"0.0.0+g{commit[:7]}"


def _of_project(prefix: str) -> tuple[str, ...]:
    """Return what the tags of a project in a directory of the repository begin with."""
    folder = prefix.strip("/")
    names = dict.fromkeys((folder, folder.rpartition("/")[2])) if folder else ()
    return tuple(f"{name}{sign}" for name in names for sign in "/-@")


def _warn_of_pointers(workspace: Workspace, seen: SourceFiles) -> None:
    """Say that files are here by name only, where Git LFS did not fetch what is in them."""
    root = workspace.config.root
    rules = [root / path for path, _ in seen.files if Path(path).name == ".gitattributes"]
    if not any(_names_lfs(rule) for rule in rules):
        return
    paths = workspace.runner.run(git.lfs_files()).stdout.split("\0")
    found = [path for path in filter(None, paths) if _is_pointer(root / path)]
    if found:
        workspace.terminal.warn(
            f"Git LFS did not fetch {found[0]}"
            + (f" and {len(found) - 1} more files" if found[1:] else "")
            + ": the image would contain pointers instead. Run `git lfs pull`."
        )


def _names_lfs(rule: Path) -> bool:
    return rule.is_file() and "filter=lfs" in rule.read_text(encoding="utf-8", errors="replace")


def _is_pointer(file: Path) -> bool:
    """Tell whether a file is what Git LFS leaves in place of another one."""
    if not file.is_file() or file.is_symlink():
        return False
    with file.open("rb") as stream:
        return stream.read(len(_POINTER)) == _POINTER


@dataclass(frozen=True)
class _Head:
    """What is committed: the commit, the tree of the project, where that lies, git's index."""

    commit: str
    tree: str
    prefix: str
    index: Path


def _snapshot(workspace: Workspace) -> tuple[SourceFiles, str]:
    """Return the files as they are, and the tree that is committed."""
    root = workspace.config.root
    seen = _head(workspace, root)
    tree = _working_tree(workspace, root, seen)
    files = inputs.entries(workspace.runner.run(git.files(tree)).stdout)
    changes = {path: _changes(workspace, root / path) for path in inputs.submodules(files)}
    files = tuple((path, about + changes.get(path, "")) for path, about in files)
    return SourceFiles(seen.commit, tree, files=files, prefix=seen.prefix), seen.tree


def _changes(workspace: Workspace, place: Path) -> str:
    """Return what a submodule has that it did not commit, as a mark on its line; often nothing."""
    if not (place / ".git").exists():
        return ""
    seen = _head(workspace, place)
    tree = _working_tree(workspace, place, seen)
    return "" if tree == seen.tree else f"{_CHANGED}{tree}"


def _refuse_changed_submodules(seen: SourceFiles) -> None:
    changed = [path for path, about in seen.files if _CHANGED in about]
    if changed:
        raise ConfigurationError(
            f"The submodule {changed[0]} has uncommitted changes.",
            why="The project records a submodule by its commit only.",
            next_step="Commit them in the submodule, or discard them.",
        )


def _head(workspace: Workspace, place: Path) -> _Head:
    try:
        # In English, so that its reasons can be distinguished.
        output = workspace.runner.run(git.head(), env={"LC_ALL": "C"}, cwd=place).stdout
    except CommandFailedError as error:
        raise _no_source(workspace, error) from error
    commit, tree, prefix, index = (*output.splitlines(), "", "")[:4]
    return _Head(commit, tree, prefix, place / (index or ".git/index"))


def _no_source(workspace: Workspace, error: CommandFailedError) -> ConfigurationError:
    """Return the error of a project of which git names no commit, with what helps."""
    if "dubious ownership" in error.why:
        return ConfigurationError(
            "git refuses to read this repository because it belongs to another user.",
            why=error.why,
            next_step=f"git config --global --add safe.directory {workspace.config.root}",
        )
    if "not a git repository" in error.why:
        return ConfigurationError(
            "The project is not in a git repository.",
            why=error.why,
            next_step="Run `git init`, commit your files, and run the command again.",
        )
    if "exists on disk, but not in" in error.why or "does not exist in" in error.why:
        return ConfigurationError(
            "None of the project's files is committed in its git repository.",
            why=error.why,
            next_step="Commit them, or run `git init` in the project's directory, and run the "
            "command again.",
        )
    return ConfigurationError(
        "git reports no commit for the project.",
        why=error.why or error.what,
        next_step="Commit your files and run the command again.",
    )


def _working_tree(workspace: Workspace, place: Path, seen: _Head) -> str:
    """Return the tree hash of the files as they are, without touching the user's index.

    Below the top of a repository it is the tree of the project's directory.
    """
    run = partial(workspace.runner.run, cwd=place)
    with tempfile.TemporaryDirectory(prefix="towpath-") as scratch:
        index = Path(scratch) / "index"
        env = {"GIT_INDEX_FILE": str(index)}
        if seen.index.is_file():
            # With its time: git takes a file that changed after it for one to be read.
            shutil.copy2(seen.index, index)
            _look_at_every_file(run, env)
        run(git.add_all(), env=env)
        tree = run(git.write_tree(), env=env).stdout.strip()
    return run(git.subtree(tree)).stdout.strip() if seen.prefix else tree


def _look_at_every_file(run: Callable[..., Outcome], env: dict[str, str]) -> None:
    """Take from a copy of the index what keeps git from reading a file that has changed.

    Those are flags that were set, and times that were recorded while git changed the ends of
    lines: the file is not what git remembers of it.
    """
    ends = run(git.line_ends(), check=False).stdout.strip().lower()
    if ends in ("true", "input", "1", "yes", "on"):
        tree = run(git.write_tree(), env=env).stdout.strip()
        Path(env["GIT_INDEX_FILE"]).unlink()
        run(git.read_tree(tree), env=env)
    elif flagged := inputs.flagged(run(git.flags(), env=env).stdout):
        for flag in ("assume-unchanged", "skip-worktree"):
            run(git.look_again(flag), env=env, stdin="\0".join(flagged) + "\0")


def _branch(workspace: Workspace, tags: list[str]) -> str:
    """Return the branch, tag or pull request; a CI checkout is detached, so CI comes first."""
    config = workspace.config
    if named := config.ci.name if config.ci else config.env.get(OVERRIDE):
        return named
    found = workspace.runner.run(git.branch(), check=False).stdout.strip()
    return found or (tags[0] if tags else "HEAD")


def _remote(workspace: Workspace) -> str:
    """Return where the source lives, without a user or password that the address may hold."""
    return remotes.shown(workspace.runner.run(git.remote_url(), check=False).stdout)
