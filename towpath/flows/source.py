"""What is being judged and built: commit, tree, branch and version of the working tree."""

from __future__ import annotations

import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from towpath.commands import git
from towpath.errors import CommandFailedError, ConfigurationError
from towpath.evidence import Subject
from towpath.flows.session import Session

_RELEASE_TAG = re.compile(r"v(\d+\.\d+\.\d+(?:[a-z0-9.]*))")


@dataclass(frozen=True)
class Source:
    """A working tree. `tree` is the git tree hash of all files as they are, committed or not."""

    commit: str
    tree: str
    branch: str
    version: str
    dirty: bool
    epoch: int
    remote: str

    @property
    def subject(self) -> Subject:
        """What the statements of the stages before the image speak of."""
        return Subject.commit(self.commit, self.tree)


def read(session: Session) -> Source:
    """Ask git; raises ConfigurationError where there is no repository or no commit yet."""
    try:
        commit, committed = session.runner.run(git.head()).stdout.split()
    except CommandFailedError as error:
        raise ConfigurationError(
            "The project has no commit to speak of.",
            why=error.why,
            next_step="Run `git init`, commit your files, and start again.",
        ) from error
    tree = _working_tree(session)
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
