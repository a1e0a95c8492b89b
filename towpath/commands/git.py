"""What we ask of git. Pure: argv lists only."""

from __future__ import annotations

Argv = list[str]


def head() -> Argv:
    """Ask for the commit and the tree of HEAD, one line each."""
    return ["git", "rev-parse", "HEAD", "HEAD^{tree}"]


def branch() -> Argv:
    """Ask for the branch that HEAD is on; fails where HEAD is detached."""
    return ["git", "symbolic-ref", "--quiet", "--short", "HEAD"]


def tags_at_head() -> Argv:
    """Ask for the tags that point at HEAD, highest version first."""
    return ["git", "tag", "--points-at", "HEAD", "--sort=-version:refname"]


def commit_time() -> Argv:
    """Ask for the commit's time in seconds since 1970: what SOURCE_DATE_EPOCH wants."""
    return ["git", "log", "-1", "--format=%ct", "HEAD"]


def remote_url() -> Argv:
    """Ask where the source lives; fails where there is no remote."""
    return ["git", "config", "--get", "remote.origin.url"]


def add_all() -> Argv:
    """Put the whole working tree, but what git ignores, into the index."""
    return ["git", "add", "--all", "."]


def write_tree() -> Argv:
    """Write the index as a tree and ask for its hash."""
    return ["git", "write-tree"]


def files(tree: str) -> Argv:
    """Ask for every file of a tree with the hash of its bytes."""
    return ["git", "ls-tree", "-r", "-z", "--full-tree", tree]


def clone(source: str, target: str) -> Argv:
    """Copy a repository of this machine without its files; the copy needs nothing of the first."""
    return ["git", "clone", "--quiet", "--no-checkout", "--dissociate", source, target]


def read_tree(tree: str) -> Argv:
    """Put a tree into the index."""
    return ["git", "read-tree", tree]


def check_out(directory: str) -> Argv:
    """Write every file of the index below a directory."""
    return ["git", "checkout-index", "--all", f"--prefix={directory}/"]


def add_ignored_too() -> Argv:
    """Put all that is there into the index."""
    return ["git", "add", "--all", "--force", "."]


def set_remote(address: str) -> Argv:
    """Say where the source lives."""
    return ["git", "remote", "set-url", "origin", address]


def remove_remote() -> Argv:
    """Forget where the source lives."""
    return ["git", "remote", "remove", "origin"]
