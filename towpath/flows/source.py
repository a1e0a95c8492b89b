"""What is being judged and built: commit, tree, branch and version of the working tree."""

from __future__ import annotations

import re
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from towpath import inputs
from towpath.commands import git
from towpath.errors import CommandFailedError, ConfigurationError
from towpath.evidence import Subject
from towpath.flows.session import Session
from towpath.inputs import Entry

_RELEASE_TAG = re.compile(r"v(\d+\.\d+\.\d+(?:[a-z0-9.]*))")


@dataclass(frozen=True)
class Snapshot:
    """The files as they are, committed or not: their git tree hash, and each one's own.

    Without `files` only the tree as a whole is known.
    """

    commit: str
    tree: str
    files: tuple[Entry, ...] = field(default=(), kw_only=True, repr=False)

    @property
    def subject(self) -> Subject:
        """What the statements of the stages before the image speak of."""
        return Subject.commit(self.commit, self.tree)


@dataclass(frozen=True)
class Source(Snapshot):
    """A working tree, and what is known of it besides its files."""

    branch: str
    version: str
    dirty: bool
    epoch: int
    remote: str


def snapshot(session: Session) -> Snapshot:
    """Ask git for the files only; raises ConfigurationError where there is no commit yet."""
    return _snapshot(session)[0]


def read(session: Session) -> Source:
    """Ask git; raises ConfigurationError where there is no repository or no commit yet."""
    seen, committed = _snapshot(session)
    commit, tree = seen.commit, seen.tree
    dirty = tree != committed
    tags = session.runner.run(git.tags_at_head()).stdout.split()
    return Source(
        commit=commit,
        tree=tree,
        branch=_branch(session, tags),
        version=version(commit, tree if dirty else "", tags),
        dirty=dirty,
        epoch=int(session.runner.run(git.commit_time()).stdout),
        remote=_remote(session),
        files=seen.files,
    )


def version(commit: str, dirty_tree: str, tags: list[str]) -> str:
    """Return the version: of a release tag, else `0.0.0+g<commit>`, with the tree where dirty.

    A dirty tree never has a release's version. The form is a PEP 440 local version.
    """
    if dirty_tree:
        return f"0.0.0+g{commit[:7]}.d{dirty_tree[:8]}"
    for tag in tags:
        if match := _RELEASE_TAG.fullmatch(tag):
            return match[1]
    return f"0.0.0+g{commit[:7]}"


def _snapshot(session: Session) -> tuple[Snapshot, str]:
    """Return the files as they are, and the tree that is committed."""
    try:
        commit, committed = session.runner.run(git.head()).stdout.split()
    except CommandFailedError as error:
        raise ConfigurationError(
            "The project has no commit to speak of.",
            why=error.why,
            next_step="Run `git init`, commit your files, and start again.",
        ) from error
    tree = _working_tree(session)
    listing = session.runner.run(git.files(tree)).stdout
    return Snapshot(commit, tree, files=inputs.entries(listing)), committed


def _working_tree(session: Session) -> str:
    """Return the tree hash of the files as they are, without touching the user's index."""
    root = session.config.root
    with tempfile.TemporaryDirectory(prefix="towpath-") as scratch:
        index = Path(scratch) / "index"
        if (root / ".git" / "index").is_file():
            shutil.copyfile(root / ".git" / "index", index)
        env = {"GIT_INDEX_FILE": str(index)}
        session.runner.run(git.add_all(), env=env)
        return session.runner.run(git.write_tree(), env=env).stdout.strip()


def _branch(session: Session, tags: list[str]) -> str:
    """Return the branch or tag; a CI checkout is detached, so CI's own variable comes first.

    TOWPATH_BRANCH is for a CI system that names it otherwise than GitHub does.
    """
    for name in ("TOWPATH_BRANCH", "GITHUB_HEAD_REF", "GITHUB_REF_NAME"):
        if named := session.config.env.get(name):
            return named
    found = session.runner.run(git.branch(), check=False).stdout.strip()
    return found or (tags[0] if tags else "HEAD")


def _remote(session: Session) -> str:
    """Return where the source lives, without a user or password that the address may hold."""
    address = session.runner.run(git.remote_url(), check=False).stdout.strip()
    parts = urlsplit(address)
    if not parts.scheme or not parts.hostname:
        return ""
    host = f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname
    return urlunsplit((parts.scheme, host, parts.path, "", ""))
