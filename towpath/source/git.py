"""What we ask of git. Pure: argv lists only."""

from __future__ import annotations

Argv = list[str]

# Git settings of the user must not change which bytes are seen: every file is read, and
# is taken as it lies there. Source: git-config(1).
_AS_THEY_ARE = (
    *("core.autocrlf=false", "core.safecrlf=false", "core.checkStat=default"),
    *("core.trustctime=true", "core.ignoreStat=false", "core.fsmonitor=false"),
    *("core.untrackedCache=false", "core.splitIndex=false", "core.sparseCheckout=false"),
    *("index.sparse=false", "submodule.recurse=false", "core.hooksPath=/dev/null"),
)


def _git(*words: str) -> Argv:
    return ["git", *(word for row in _AS_THEY_ARE for word in ("-c", row)), *words]


def head() -> Argv:
    """Ask for HEAD's commit and its tree of this directory, where that lies, and git's index.

    One line each: the directory below the top of the repository is empty at the top, and ends with
    a slash below it; the index is relative to this directory or absolute.
    """
    words = ("HEAD", "HEAD:./", "--show-prefix", "--git-path", "index")
    return ["git", "rev-parse", *words]


def subtree(tree: str) -> Argv:
    """Ask for the part of a tree that is this directory."""
    return ["git", "rev-parse", "--verify", f"{tree}:./"]


def line_ends() -> Argv:
    """Ask whether git changes the ends of lines here; fails where it is not set."""
    return ["git", "config", "--get", "core.autocrlf"]


def flags() -> Argv:
    """Ask for every file that git knows below this directory, with the flags of its index."""
    return _git("ls-files", "-v", "-z")


def lfs_files() -> Argv:
    """Ask for the files whose content Git LFS keeps outside of the repository."""
    return _git("ls-files", "-z", "--", ":(attr:filter=lfs)")


def look_again(flag: str) -> Argv:
    """Take a flag from the files on standard input: `assume-unchanged` or `skip-worktree`."""
    return _git("update-index", f"--no-{flag}", "-z", "--stdin")


def branch() -> Argv:
    """Ask for the branch that HEAD is on; fails where HEAD is detached."""
    return ["git", "symbolic-ref", "--quiet", "--short", "HEAD"]


def tags_at_head() -> Argv:
    """Ask for the tags that point at HEAD, highest version first."""
    return ["git", "tag", "--points-at", "HEAD", "--sort=-version:refname"]


def commit_time() -> Argv:
    """Ask for the commit's time in seconds since 1970: what SOURCE_DATE_EPOCH wants."""
    return ["git", "log", "-1", "--no-show-signature", "--format=%ct", "HEAD"]


def remote_url() -> Argv:
    """Ask where the source lives; fails where there is no remote."""
    return ["git", "config", "--get", "remote.origin.url"]


def add_all() -> Argv:
    """Add the complete working tree, except ignored files, to the index."""
    return _git("add", "--all", ".")


def write_tree() -> Argv:
    """Write the index as a tree and ask for its hash."""
    return _git("write-tree")


def files(tree: str) -> Argv:
    """Ask for every file of a tree with the hash of its bytes."""
    return ["git", "ls-tree", "-r", "-z", "--full-tree", tree]


def clone(source: str, target: str) -> Argv:
    """Copy a repository of this machine without its files; the copy needs nothing of the first."""
    chosen = ("-c", "protocol.file.allow=always", "-c", "init.templateDir=")
    how = ("--no-checkout", "--dissociate", "--origin=origin", "--no-reject-shallow")
    return ["git", *chosen, "clone", "--quiet", *how, source, target]


def check_out_commit(commit: str) -> Argv:
    """Write the files of a commit into the working tree of a clone."""
    return _git("checkout", "--quiet", "--detach", commit)


def read_tree(tree: str) -> Argv:
    """Put a tree into the index."""
    return _git("read-tree", tree)


def check_out(directory: str) -> Argv:
    """Write every file of the index below a directory."""
    return _git("checkout-index", "--all", f"--prefix={directory}/")


def add_ignored_too() -> Argv:
    """Put all that is there into the index."""
    return _git("add", "--all", "--force", ".")


def set_remote(address: str) -> Argv:
    """Say where the source lives."""
    return ["git", "remote", "set-url", "origin", address]


def remove_remote() -> Argv:
    """Forget where the source lives."""
    return ["git", "remote", "remove", "origin"]
