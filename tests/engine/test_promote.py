"""Promotion in the real registry: one digest under every name, seen by Docker's own tool too."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from tests.registry_server import push_image
from tests.releases import RELEASING, labels, record, record_all
from towpath.config.workspace import Workspace
from towpath.core.errors import PromotionRefusedError
from towpath.evidence import registry as evidence
from towpath.promotion import promote
from towpath.promotion.availability import NEEDED
from towpath.registry import image as registries
from towpath.tasks.context import workspace as new_workspace

pytestmark = pytest.mark.engine


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Return a session with reports and a repository of its own."""
    found = new_workspace(engine=True)
    name = f"towpath/test-promote-{uuid4().hex[:8]}"
    # Not as the run that this test is a part of: that one may be of a pull request.
    env = {key: value for key, value in found.config.env.items() if not key.startswith("GITHUB_")}
    config = replace(found.config, repository=name, root=tmp_path, env=env | RELEASING)
    return replace(found, config=config)


def machine(workspace: Workspace, root: Path, **env: str) -> Workspace:
    """Return the session of another machine: other reports, the same registry."""
    config = workspace.config
    return replace(workspace, config=replace(config, root=root, env={**config.env, **env}))


def test_one_digest_goes_all_the_way(workspace: Workspace, tmp_path: Path) -> None:
    """Tested here, released elsewhere by the registry's evidence alone: the digest is the same."""
    registry = registries.client(workspace)
    digest = push_image(registry, labels(), tag="built").digest
    record_all(workspace, digest, *NEEDED["release"])

    promote.promote(workspace, "test")
    promote.promote(machine(workspace, tmp_path / "ci", **RELEASING), "release")

    assert {registry.resolve(tag) for tag in ("built", "test", "release")} == {digest}
    seen = workspace.runner.run(
        ["docker", "buildx", "imagetools", "inspect", workspace.config.images.tagged("release")]
    ).stdout
    assert digest in seen
    assert "linux/amd64" in seen and "linux/arm64" in seen
    held = {row.stage for row in evidence.pull(registry, digest)}
    assert held == {*NEEDED["release"], "promote-test", "promote-release"}


def test_a_failed_stage_is_refused_by_every_machine(workspace: Workspace, tmp_path: Path) -> None:
    """A failure that was pushed once stands against the digest everywhere, and moves no tag."""
    registry = registries.client(workspace)
    digest = push_image(registry, labels(), tag="built").digest
    record_all(workspace, digest, *NEEDED["test"])
    record(workspace, "tests", digest, minutes=1, coverage=79.9)

    for place in (workspace, machine(workspace, tmp_path / "ci", **RELEASING)):
        with pytest.raises(PromotionRefusedError) as caught:
            promote.promote(place, "test")
        assert "COVERAGE failed: coverage is 79.9" in caught.value.why

    assert "test" not in registry.tags()
