"""What builds of one engine share cannot change what goes into an image."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from towpath.images import dockerfile_reader as dockerfile

ROOT = Path(__file__).parents[3]
FILES = ("Dockerfile", "towpath/engine/images/Dockerfile")


@pytest.mark.parametrize("name", FILES)
def test_no_instruction_mounts_a_cache(name: str) -> None:
    """A cache mount is one directory for all projects of an engine: any build writes to it."""
    rows, _ = dockerfile.instructions((ROOT / name).read_text())
    mounts = [option for row in rows for option in re.findall(r"--mount=(\S+)", row.rest)]

    assert mounts
    assert [row for row in mounts if "type=cache" in row] == []


def test_installers_keep_nothing_between_builds() -> None:
    """What pip and uv download is asked for by its hash, and gone with the instruction."""
    rows, _ = dockerfile.instructions((ROOT / "Dockerfile").read_text())
    text = (ROOT / "Dockerfile").read_text()
    installs = [row.rest for row in rows if row.keyword == "RUN" and "pip install" in row.rest]

    assert installs and all("--require-hashes" in row for row in installs)
    assert text.count("export UV_CACHE_DIR=/build/downloads") == 2
    assert text.count('rm -rf "${UV_CACHE_DIR}"') == 2
    assert "export PIP_NO_CACHE_DIR=1\npip wheel" in text
