"""Who may read a file of the image is the image's matter, and not that of a checkout's umask."""

from __future__ import annotations

import hashlib
import tarfile
from pathlib import Path

import pytest

from tests.engine import product
from towpath.config.workspace import Workspace
from towpath.images import bake

pytestmark = pytest.mark.engine

# The stages that copy files of the project, and where they put them.
STAGES = {"code": "code/", "test-code": "tree/"}


def contents(workspace: Workspace, stage: str, target: Path) -> dict[str, tuple[int, str]]:
    """Build a stage; return the mode and the hash of each file that is the project's."""
    secret = f"--secret=id=ca,src={bake.certificates(workspace.config.env)}"
    argv = ["docker", "buildx", "build", "--quiet", f"--target={stage}", secret]
    workspace.runner.run([*argv, f"--output=type=tar,dest={target}", "."])
    with tarfile.open(target) as archive:
        rows = [row for row in archive.getmembers() if row.name.startswith(STAGES[stage])]
        return {row.name: (row.mode, _hash(archive, row)) for row in rows}


def _hash(archive: tarfile.TarFile, row: tarfile.TarInfo) -> str:
    stream = archive.extractfile(row) if row.isfile() else None
    return hashlib.sha256(stream.read()).hexdigest() if stream else ""


@pytest.mark.parametrize("stage", STAGES)
def test_a_checkout_that_only_its_owner_reads_gives_the_same_image(
    stage: str, tmp_path: Path
) -> None:
    """The same files with the same modes, which everybody may read."""
    workspace = product.project(tmp_path / "project")
    root = workspace.config.root
    usual = contents(workspace, stage, tmp_path / "usual.tar")
    for path in (root, *root.rglob("*")):
        path.chmod(path.stat().st_mode & 0o700)
    closed = contents(workspace, stage, tmp_path / "closed.tar")

    assert closed == usual
    assert all(mode & 0o044 == 0o044 for mode, _ in usual.values())
    assert len(usual) > 10
