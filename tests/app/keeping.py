"""A test database of SQLite that is kept for the next run, for --reuse-db.

A run takes the file away and gives it back when it ended well. So two runs at once never share
one, and what a killed or a failed run left in it is gone with it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from pathlib import Path

import django
import pytest

APP = Path(__file__).resolve().parents[2] / "app"


def place(config: pytest.Config) -> Path | None:
    """Return where this process keeps its database, or None if it is not to keep any.

    The name holds the Python, the process of xdist, and a hash of all that the tables come from.
    """
    cache = getattr(config, "cache", None)
    if not config.getoption("reuse_db") or cache is None:
        return None
    made_of = hashlib.sha256(django.__version__.encode())
    made_of.update(str(config.getoption("nomigrations")).encode())
    for file in sorted(APP.rglob("*.py")):
        made_of.update(file.read_bytes())
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    name = f"{sys.version_info[0]}.{sys.version_info[1]}-{worker}-{made_of.hexdigest()[:16]}"
    directory: Path = cache.mkdir("towpath-database")
    return directory / f"{name}.sqlite3"


def take(kept: Path, path: Path) -> bool:
    """Move a kept database to where this run has its own; say whether there was one."""
    own = kept.with_name(f".{kept.name}.{os.getpid()}")
    try:
        kept.rename(own)
    except FileNotFoundError:
        return False
    shutil.move(own, path)
    return True


def give_back(path: Path, kept: Path) -> bool:
    """Keep the database for the next run, unless a connection is still open; forget older ones."""
    if not path.is_file() or path.with_name(f"{path.name}-wal").exists():
        return False
    python, worker, _ = kept.name.split("-", 2)
    for old in kept.parent.glob(f"{python}-{worker}-*"):
        old.unlink(missing_ok=True)
    own = kept.with_name(f".{kept.name}.{os.getpid()}")
    shutil.move(path, own)
    own.rename(kept)
    return True
