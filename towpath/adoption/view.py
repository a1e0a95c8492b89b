"""A bounded, read-only view of a project's directory: nothing outside of it is read."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from towpath.adoption.facts import NO_REPOSITORY, Fact
from towpath.core.files import read_bounded

# Installed packages, caches and repositories: they are not the project's own files.
SKIPPED = frozenset(
    (
        *(".git", ".hg", ".svn", "node_modules", "bower_components", "site-packages"),
        *(".venv", "venv", ".tox", ".nox", ".towpath", "__pycache__", "__pypackages__"),
        *(".mypy_cache", ".pytest_cache", ".ruff_cache", ".idea", ".eggs", ".terraform"),
    )
)
# Names and bytes after which the view ends; a project with more is described in part, and says so.
MOST_FILES = 50_000
MOST_BYTES = 8 * 1024 * 1024
# Usual names of a default branch; another one that is checked out may be any.
DEFAULTS = ("main", "master", "trunk", "develop")
# Files of git that name a branch, and what stands before its name there.
_HEADS = (("refs/remotes/origin/HEAD", "refs/remotes/origin/"), ("HEAD", "refs/heads/"))
# PEP 263: how a Python file names its encoding, in its first two lines.
_CODING = re.compile(r"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")


class Directory:
    """The files below a directory. `problems` are those that could not be read, and why."""

    def __init__(self, root: Path, limit: int = MOST_FILES) -> None:
        """List the files; links to directories are not followed."""
        self._root = root.resolve()
        self._texts: dict[str, str | None] = {}
        self.problems: list[Fact] = []
        self.paths = tuple(sorted(self._walk(limit)))

    def text(self, path: str) -> str | None:
        """Return a file's text; None for one that is missing, and for one that is no text."""
        if path not in self._texts:
            self._texts[path] = self._read(path)
        return self._texts[path]

    def _walk(self, limit: int) -> list[str]:
        found: list[str] = []

        def refused(error: OSError) -> None:
            self._problem(self._relative(error.filename), f"cannot be listed: {error.strerror}")

        for folder, names, files in os.walk(self._root, onerror=refused):
            names[:] = sorted(name for name in names if not _is_foreign(Path(folder, name)))
            found += [self._relative(os.path.join(folder, name)) for name in sorted(files)]
            if len(found) >= limit:
                self._problem(".", f"only the first {limit} files were looked at")
                return found[:limit]
        return found

    def _relative(self, path: str) -> str:
        return Path(os.path.relpath(path, self._root)).as_posix()

    def _problem(self, path: str, why: str) -> None:
        self.problems.append(Fact("problem", why, path))

    def _read(self, path: str) -> str | None:
        file = self._root / path
        try:
            if not stat.S_ISREG(file.stat().st_mode):
                return None
            if self._root not in file.resolve().parents:
                self._problem(path, "is a link to a file outside the project")
                return None
            content = read_bounded(file, MOST_BYTES)
        except FileNotFoundError:
            return None
        except (OSError, RuntimeError, ValueError) as error:
            self._problem(path, f"cannot be read: {getattr(error, 'strerror', None) or error}")
            return None
        if len(content) > MOST_BYTES:
            # A lock file may be larger; without its end no format can be parsed.
            self._problem(path, f"is larger than {MOST_BYTES // 1024**2} MiB")
            return None
        return self._decoded(path, content)

    def _decoded(self, path: str, content: bytes) -> str | None:
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            pass
        head = content[:1024].decode("latin-1").splitlines()[:2]
        named = next((match[1] for line in head if (match := _CODING.match(line))), "")
        try:
            return content.decode(named)
        except (LookupError, ValueError):
            self._problem(path, "is not UTF-8")
            return None


def _is_foreign(folder: Path) -> bool:
    """Tell whether a directory has packages of others: by its name, or as an environment."""
    return folder.name in SKIPPED or (folder / "pyvenv.cfg").is_file()


def find_git(root: Path) -> tuple[str, str]:
    """Return the path of the project inside its git repository, and the default branch.

    The path is empty at the repository's root, and NO_REPOSITORY outside of any. The branch is that
    of the remote, else the one that is checked out if its name is a usual one, else empty.
    """
    here = root.resolve()
    for folder in (here, *here.parents):
        if (folder / ".git").exists():
            prefix = "" if folder == here else here.relative_to(folder).as_posix()
            return prefix, _branch(folder / ".git")
    return NO_REPOSITORY, ""


def _branch(git: Path) -> str:
    for name, start in (
        ("refs/remotes/origin/HEAD", "refs/remotes/origin/"),
        ("HEAD", "refs/heads/"),
    ):
        try:
            text = (git / name).read_text(encoding="utf-8").strip()
        except (OSError, ValueError):
            continue
        branch = text.removeprefix(f"ref: {start}")
        if branch != text and (name != "HEAD" or branch in DEFAULTS):
            return branch
    return ""
