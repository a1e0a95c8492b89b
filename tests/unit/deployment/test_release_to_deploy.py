"""Which release a deployment brings, and which it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.registry_server import Store, push_image
from tests.releases import RELEASING, SOURCE, labels, record, record_all, workspace_at
from tests.state import keep_states_below
from towpath.config import Environment
from towpath.config.workspace import Workspace
from towpath.core.errors import ConfigurationError, PromotionRefusedError
from towpath.deployment import release_to_deploy as target
from towpath.deployment.release_to_deploy import ReleaseTarget
from towpath.environments.environment import Site
from towpath.evidence import registry as evidence
from towpath.promotion import promote
from towpath.promotion.availability import NEEDED

pytestmark = pytest.mark.door


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the state of environments in directories of the test."""
    keep_states_below(tmp_path, monkeypatch)


STAGING, PRODUCTION = Environment("staging", 8081), Environment("production", 8080)
OLD = -40 * 24 * 60  # minutes


def made(store: Store, workspace: Workspace, tag: str, layer: bytes = b"layer") -> str:
    """Return the digest of an image with the evidence of every stage, under a tag."""
    digest = push_image(store.client(), labels(), layer=layer, tag=tag).digest
    evidence.push(
        store.client(), digest, record_all(workspace, digest, *NEEDED["release"]).values()
    )
    return digest


def released(store: Store, workspace: Workspace, layer: bytes = b"layer") -> str:
    """Return the digest of an image that was promoted to `release`."""
    digest = made(store, workspace, "built", layer)
    promote.promote(workspace, "test", digest)
    ci = workspace_at(workspace.config.root, store, **RELEASING)
    return promote.promote(ci, "release", digest).digest


def remember(workspace: Workspace, environment: Environment, digest: str) -> None:
    """Let an environment have run a digest."""
    Site.open(workspace, environment).history.add_release({"digest": digest})


def test_staging_takes_what_the_tag_test_points_at(store: Store, workspace: Workspace) -> None:
    """With the version that the image says it has."""
    digest = made(store, workspace, "test")

    assert target.choose(workspace, STAGING) == ReleaseTarget(digest, SOURCE.version)
    release = target.release(workspace, ReleaseTarget(digest, SOURCE.version))
    assert release.image == workspace.config.images.at(digest)


def test_a_digest_that_is_named_is_taken(store: Store, workspace: Workspace) -> None:
    """Whatever the tag points at, if its evidence speaks for it."""
    digest = made(store, workspace, "built")

    assert target.choose(workspace, STAGING, digest).digest == digest


def test_staging_takes_nothing_that_its_evidence_speaks_against(
    store: Store, workspace: Workspace
) -> None:
    """The tag `test`, put by hand on an image, is only a name."""
    digest = push_image(store.client(), labels(), tag="test").digest

    for wanted in ("", digest):
        with pytest.raises(PromotionRefusedError) as caught:
            target.choose(workspace, STAGING, wanted)
        assert caught.value.what == f"{SOURCE.version} ({digest}) cannot be deployed to staging."
        assert caught.value.why.splitlines() == [
            f"{name}: there is no evidence" for name in NEEDED["test"]
        ]


def test_production_takes_the_release_and_nothing_else(store: Store, workspace: Workspace) -> None:
    """A digest that was not promoted is refused there, and CI is not asked for."""
    digest = released(store, workspace)
    other = made(store, workspace, "test", b"other")

    assert target.choose(workspace, PRODUCTION).digest == digest
    assert target.choose(workspace, PRODUCTION, digest).digest == digest
    with pytest.raises(PromotionRefusedError, match="not the promoted release"):
        target.choose(workspace, PRODUCTION, other)


def test_a_tag_put_by_hand_is_no_release(store: Store, workspace: Workspace) -> None:
    """All the evidence is there, and nobody promoted it."""
    digest = made(store, workspace, "release")

    with pytest.raises(PromotionRefusedError) as caught:
        target.choose(workspace, PRODUCTION)

    assert caught.value.what == f"{SOURCE.version} ({digest}) cannot be deployed to production."
    assert caught.value.why == (
        "promote-release: there is no evidence; a tag alone does not make a release"
    )


def test_a_promotion_of_another_digest_does_not_count(store: Store, workspace: Workspace) -> None:
    """Its statement rests on statements that do not hang on this image."""
    first = released(store, workspace)
    second = made(store, workspace, "release", b"second")
    (promoted,) = (
        row for row in evidence.pull(store.client(), first) if row.stage == "promote-release"
    )
    evidence.push(store.client(), second, [promoted])

    with pytest.raises(PromotionRefusedError) as caught:
        target.choose(workspace, PRODUCTION)

    assert f"promote-release: is about sha256 {first[7:]}, not {second[7:]}" in caught.value.why


def test_a_scan_that_grew_old_keeps_a_release_from_running(
    store: Store, workspace: Workspace
) -> None:
    """As it keeps it from being promoted; what has run there before comes back all the same."""
    digest = push_image(store.client(), labels(), tag="test").digest
    rows = record_all(workspace, digest, *NEEDED["test"])
    rows["scan"] = record(workspace, "scan", digest, minutes=OLD)
    evidence.push(store.client(), digest, rows.values())

    with pytest.raises(PromotionRefusedError) as caught:
        target.choose(workspace, STAGING, digest)
    remember(workspace, STAGING, digest)

    assert caught.value.why == "scan: is 40 days old; the limit is 30 days (evidence-days)"
    assert target.choose(workspace, STAGING, digest).digest == digest
    with pytest.raises(PromotionRefusedError):
        target.choose(workspace, STAGING)


def test_a_release_comes_back_to_where_it_ran(store: Store, workspace: Workspace) -> None:
    """Also to production, where the tag has moved on; and only to where it ran."""
    first = released(store, workspace)
    second = released(store, workspace, b"second")
    remember(workspace, PRODUCTION, first)

    assert target.choose(workspace, PRODUCTION).digest == second
    assert target.choose(workspace, PRODUCTION, first).digest == first
    assert not target.has_run(workspace, STAGING, first)


def test_what_is_not_there_is_refused(workspace: Workspace) -> None:
    """A tag that nobody moved yet, a digest that nobody pushed, and what is no digest."""
    with pytest.raises(PromotionRefusedError, match="No release has the tag test"):
        target.choose(workspace, STAGING)
    with pytest.raises(PromotionRefusedError, match="has no sha256:0"):
        target.choose(workspace, STAGING, "sha256:" + "0" * 64)
    with pytest.raises(ConfigurationError):
        target.choose(workspace, STAGING, "sha256:12")
