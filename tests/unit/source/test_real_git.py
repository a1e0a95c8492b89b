"""What the real git knows of a project: in a bigger repository, and as users set git."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.fakes import QuietTerminal
from towpath import config
from towpath.config.workspace import Workspace
from towpath.core.errors import ConfigurationError
from towpath.core.runner import Runner
from towpath.source import copies as checkouts
from towpath.source import files as listed
from towpath.source import snapshot as source

pytestmark = pytest.mark.door


def session_in(root: Path, **more: str) -> Workspace:
    """Return a session in this directory, with git's settings of a user that has none."""
    env = {"PATH": os.environ["PATH"], "HOME": str(root.anchor), "GIT_CONFIG_NOSYSTEM": "1"}
    env |= {"GIT_CONFIG_GLOBAL": "/dev/null", **more}
    terminal = QuietTerminal()
    return Workspace(config.parse({}, root, env), Runner(terminal, env=env, cwd=root), terminal)


def git(root: Path, *words: str) -> str:
    """Run git in a directory and return what it says."""
    who = ("-c", "user.name=Test", "-c", "user.email=test@example.com")
    allowed = ("-c", "protocol.file.allow=always")
    return session_in(root).runner.run(["git", *who, *allowed, *words]).stdout.strip()


def repository(place: Path, *flags: str) -> Path:
    """Make a repository with one commit, of a file that git ignores too."""
    place.mkdir(parents=True)
    git(place, "init", "--quiet", "--initial-branch=main", *flags)
    (place / "app.py").write_text("a = 1\n")
    (place / "ignored").write_text("tracked\n")
    (place / ".gitignore").write_text("ignored\n")
    git(place, "add", "--all", "--force")
    git(place, "commit", "--quiet", "--message=First")
    return place


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Return a project that is a directory of a bigger repository."""
    top = tmp_path / "mono repo"
    place = top / "apps/shop"
    repository(top)
    place.mkdir(parents=True)
    (place / "app.py").write_text("shop = 1\n")
    (place / "pyproject.toml").write_text("[tool.towpath]\n")
    git(top, "add", "--all")
    git(top, "commit", "--quiet", "--message=Shop")
    return place


def test_a_project_in_a_bigger_repository_is_clean(shop: Path) -> None:
    """Its tree is that of its own directory, and its files are named from there."""
    workspace = session_in(shop)

    found = source.read_source(workspace)

    assert not found.dirty
    assert found.prefix == "apps/shop/"
    assert found.tree == git(shop, "rev-parse", "HEAD:apps/shop")
    assert found.version == f"0.0.0+g{git(shop, 'rev-parse', 'HEAD')[:7]}"
    assert listed.listed(workspace).files == ("app.py", "pyproject.toml")


def test_only_its_own_directory_makes_it_dirty(shop: Path) -> None:
    """What lies beside it is not built."""
    (shop.parents[1] / "app.py").write_text("other = 2\n")
    assert not source.read_source(session_in(shop)).dirty

    (shop / "new.py").write_text("")
    assert source.read_source(session_in(shop)).dirty
    assert "new.py" in listed.listed(session_in(shop)).files


def test_a_copy_of_it_lies_where_it_lies(shop: Path, tmp_path: Path) -> None:
    """The copy is a repository too, and the same source."""
    (shop / "app.py").write_text("shop = 2\n")

    made_of = checkouts.make_copy(session_in(shop), [tmp_path / "copy"])

    copy = tmp_path / "copy/apps/shop"
    assert source.read_source(session_in(copy)) == made_of
    assert (copy / "app.py").read_text() == "shop = 2\n"
    assert sorted(row.name for row in copy.iterdir()) == ["app.py", "pyproject.toml"]


def test_a_project_that_its_repository_does_not_know_is_refused(shop: Path) -> None:
    """As where the home directory is a repository by accident."""
    other = shop.parent / "other"
    other.mkdir()
    (other / "app.py").write_text("")

    with pytest.raises(
        ConfigurationError, match="None of the project's files is committed"
    ) as caught:
        source.read_source(session_in(other))

    assert "git init" in caught.value.next_step


@pytest.mark.parametrize("flag", ["assume-unchanged", "skip-worktree"])
def test_a_flag_of_the_index_hides_no_change(tmp_path: Path, flag: str) -> None:
    """The files that are built are those that are judged."""
    root = repository(tmp_path / "x")
    git(root, "update-index", f"--{flag}", "app.py")
    assert not source.read_source(session_in(root)).dirty

    (root / "app.py").write_text("a = 2\n")

    assert source.read_source(session_in(root)).dirty
    assert git(root, "ls-files", "-v", "app.py").startswith(("h", "S"))


def test_a_change_of_the_same_size_in_the_same_moment_is_seen(tmp_path: Path) -> None:
    """Git reads a file that may have changed after it was noted; a copy of the index keeps that."""
    root = repository(tmp_path / "x")
    git(root, "update-index", "--refresh")
    moment = (root / ".git/index").stat().st_mtime_ns
    (root / "app.py").write_text("a = 2\n")
    os.utime(root / "app.py", ns=(moment, moment))

    assert source.read_source(session_in(root)).dirty


def test_a_linked_worktree_has_its_own_index(tmp_path: Path) -> None:
    """A file that is tracked although it is ignored is there, as in the first."""
    first = repository(tmp_path / "x")
    git(first, "worktree", "add", "--quiet", "-b", "topic", str(tmp_path / "linked"))

    found = source.read_source(session_in(tmp_path / "linked"))

    assert not found.dirty
    assert (found.branch, found.tree) == ("topic", source.read_source(session_in(first)).tree)
    checkouts.make_copy(session_in(tmp_path / "linked"), [tmp_path / "copy"])
    assert (tmp_path / "copy/ignored").read_text() == "tracked\n"


def test_a_submodule_is_a_project_like_any_other(tmp_path: Path) -> None:
    """Its index lies in the repository around it."""
    shop, around = repository(tmp_path / "shop"), repository(tmp_path / "around")
    git(around, "submodule", "add", "--quiet", str(shop), "shop")

    found = source.read_source(session_in(around / "shop"))

    assert not found.dirty
    assert found.tree == source.read_source(session_in(shop)).tree
    assert checkouts.make_copy(session_in(around / "shop"), [tmp_path / "copy"]).tree == found.tree
    assert source.read_source(session_in(tmp_path / "copy")).tree == found.tree


def test_changes_in_a_submodule_are_seen(tmp_path: Path) -> None:
    """A check runs again for them; they are never built, for no commit names them."""
    shop, root = repository(tmp_path / "shop"), repository(tmp_path / "root")
    git(root, "submodule", "add", "--quiet", str(shop), "lib")
    git(root, "commit", "--quiet", "--message=Library")
    workspace = session_in(root)
    clean = source.read_source(workspace)
    assert not clean.dirty
    assert checkouts.make_copy(workspace, [tmp_path / "copy"]) == clean
    assert (tmp_path / "copy/lib/app.py").read_text() == "a = 1\n"
    assert source.read_source(session_in(tmp_path / "copy")).tree == clean.tree

    (root / "lib/app.py").write_text("a = 2\n")

    assert source.read_files(workspace).files != clean.files
    with pytest.raises(ConfigurationError, match="The submodule lib has uncommitted changes"):
        source.read_source(workspace)


def test_a_hook_of_another_repository_changes_nothing(tmp_path: Path) -> None:
    """Git sets these for its hooks, and a hook may well start us."""
    root, other = repository(tmp_path / "x"), repository(tmp_path / "other")
    (other / "app.py").write_text("other = 1\n")
    git(other, "commit", "--quiet", "--all", "--message=Second")
    of_hook = {
        "GIT_DIR": str(other / ".git"),
        "GIT_WORK_TREE": str(other),
        "GIT_INDEX_FILE": str(other / ".git/index"),
        "GIT_PREFIX": "",
    }

    assert source.read_source(session_in(root, **of_hook)) == source.read_source(session_in(root))


SETTINGS = """
[status]
    showUntrackedFiles = no
[core]
    quotePath = true
    fsmonitor = /bin/false
    autocrlf = {crlf}
    safecrlf = true
    checkStat = minimal
    trustctime = false
    ignoreStat = true
    untrackedCache = true
    splitIndex = true
    hooksPath = {hooks}
[diff]
    external = /bin/false
    noprefix = true
[log]
    date = relative
    showSignature = true
[color]
    ui = always
[column]
    ui = always
[clone]
    defaultRemoteName = upstream
    rejectShallow = true
[protocol "file"]
    allow = never
[init]
    templateDir = {hooks}
[submodule]
    recurse = true
[pager]
    log = /bin/false
[commit]
    gpgSign = true
"""


@pytest.mark.parametrize("crlf", ["true", "input"])
def test_what_a_user_has_set_for_git_changes_nothing(tmp_path: Path, crlf: str) -> None:
    """The same files are the same source on every machine."""
    root = repository(tmp_path / "x")
    (root / "ends").write_bytes(b"one\r\ntwo\n")
    (root / "n\u00e4me.py").write_text("")
    git(root, "-c", "core.autocrlf=false", "add", "--all")
    git(root, "commit", "--quiet", "--message=Ends")
    git(root, "tag", "v1.2.3")
    plain = source.read_source(session_in(root))
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for name in ("post-checkout", "post-index-change"):
        (hooks / name).write_text("#!/bin/sh\nexit 1\n")
        (hooks / name).chmod(0o755)
    settings = tmp_path / "gitconfig"
    settings.write_text(SETTINGS.format(crlf=crlf, hooks=hooks))

    workspace = session_in(root, GIT_CONFIG_GLOBAL=str(settings))

    assert source.read_source(workspace) == plain
    assert "n\u00e4me.py" in listed.listed(workspace).files
    checkouts.make_copy(workspace, [tmp_path / "copy"])
    assert (tmp_path / "copy/ends").read_bytes() == b"one\r\ntwo\n"
    assert source.read_source(session_in(tmp_path / "copy")) == plain
    (root / "app.py").write_text("a = 2\n")
    assert source.read_source(workspace).dirty


def test_ends_of_lines_that_git_changed_are_seen(tmp_path: Path) -> None:
    """What is built has the bytes that lie there, and they are not those of the commit."""
    root = repository(tmp_path / "x")
    git(tmp_path, "-c", "core.autocrlf=true", "clone", "--quiet", str(root), "clone")
    git(tmp_path / "clone", "config", "core.autocrlf", "true")
    assert (tmp_path / "clone/app.py").read_bytes() == b"a = 1\r\n"

    assert source.read_source(session_in(tmp_path / "clone")).dirty


def test_a_shallow_clone_without_tags_is_enough(tmp_path: Path) -> None:
    """As CI systems make it: one commit, no parent, detached."""
    root = repository(tmp_path / "x")
    git(root, "commit", "--quiet", "--allow-empty", "--message=Second")
    git(root, "tag", "v1.2.3")
    here = str(tmp_path / "shallow")
    git(tmp_path, "clone", "--quiet", "--depth=1", "--no-tags", f"file://{root}", here)
    git(tmp_path / "shallow", "checkout", "--quiet", "--detach")

    found = checkouts.make_copy(session_in(tmp_path / "shallow"), [tmp_path / "copy"])

    assert (found.branch, found.dirty, found.remote) == ("HEAD", False, "")
    assert found.version == f"0.0.0+g{found.commit[:7]}"
    assert source.read_source(session_in(tmp_path / "copy")).tree == found.tree


def test_a_repository_with_longer_hashes(tmp_path: Path) -> None:
    """Git may name commits by sha256."""
    root = repository(tmp_path / "x", "--object-format=sha256")

    found = checkouts.make_copy(session_in(root), [tmp_path / "copy"])

    assert (len(found.commit), len(found.tree), found.dirty) == (64, 64, False)
    assert source.read_source(session_in(tmp_path / "copy")).tree == found.tree


def test_a_repository_without_a_commit_is_refused(tmp_path: Path) -> None:
    """There is nothing that evidence could speak of."""
    git(tmp_path, "init", "--quiet")

    with pytest.raises(ConfigurationError, match="git reports no commit") as caught:
        source.read_source(session_in(tmp_path))

    assert caught.value.next_step == "Commit your files and run the command again."


def test_a_repository_of_another_user_names_what_git_wants(tmp_path: Path) -> None:
    """As in the container job of a CI system; also where git speaks another language."""
    root = repository(tmp_path / "x")
    other = {"GIT_TEST_ASSUME_DIFFERENT_OWNER": "1", "LANG": "de_DE.UTF-8", "LANGUAGE": "de"}

    with pytest.raises(ConfigurationError) as caught:
        source.read_source(session_in(root, **other))

    assert "safe.directory" in caught.value.next_step
    assert str(root) in caught.value.next_step


def test_a_signed_commit_gives_its_time(tmp_path: Path) -> None:
    """What gpg says of it is not a part of the time."""
    root = repository(tmp_path / "x")
    git(root, "config", "log.showSignature", "true")
    body = git(root, "cat-file", "commit", "HEAD").replace(
        "\n\nFirst",
        "\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----\n\nFirst",
    )
    (tmp_path / "commit").write_text(f"{body}\n")
    commit = git(root, "hash-object", "-t", "commit", "-w", str(tmp_path / "commit"))
    git(root, "reset", "--quiet", "--hard", commit)

    assert source.read_source(session_in(root)).epoch == int(
        git(root, "log", "-1", "--no-show-signature", "--format=%ct")
    )


def test_a_remote_with_a_path_for_a_port(tmp_path: Path) -> None:
    """It is how people write what git takes for a path."""
    root = repository(tmp_path / "x")
    git(root, "remote", "add", "origin", "ssh://git@host:team/shop.git")

    assert source.read_source(session_in(root)).remote == "ssh://host/team/shop.git"


@pytest.mark.parametrize("content", ["version https://git-lfs.github.com/spec/v1\noid x\n", "a"])
def test_a_pointer_in_place_of_a_file_is_a_warning(tmp_path: Path, content: str) -> None:
    """As where CI checks out without Git LFS: the image would have the pointer."""
    root = repository(tmp_path / "x")
    (root / ".gitattributes").write_text("*.bin filter=lfs\n")
    (root / "data.bin").write_text(content)
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message=Data")
    workspace = session_in(root)

    assert not source.read_source(workspace).dirty

    assert isinstance(workspace.terminal, QuietTerminal)
    assert ("Git LFS did not fetch data.bin:" in workspace.terminal.said) is (content != "a")
