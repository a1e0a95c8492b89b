"""A release that was undone is on hold until a person takes that off, and the history says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.deployment.world import FIRST, SECOND, World, site_of
from towpath.core.errors import (
    ConfigurationError,
    DeploymentUndoneError,
    InterruptedRunError,
    PromotionRefusedError,
)
from towpath.deployment import deploy, holds
from towpath.environments import status
from towpath.environments.environment import Site


@pytest.fixture
def world() -> World:
    """Nothing runs yet."""
    return World()


@pytest.fixture
def undone(world: World, tmp_path: Path) -> Site:
    """An environment that serves 1.0, where 2.0 was undone."""
    site = site_of(world, tmp_path)
    deploy.carry_out(site, "deploy", FIRST, "1.0")
    world.sick = {SECOND}
    with pytest.raises(DeploymentUndoneError, match="it is on hold") as caught:
        deploy.carry_out(site, "deploy", SECOND, "2.0")
    assert "invoke resume --environment=staging" in caught.value.next_step
    return site


def test_what_was_undone_is_on_hold(undone: Site) -> None:
    """With the reason, in the status, and for this release only."""
    (hold,) = undone.history.held()

    assert (hold["digest"], hold["version"]) == (SECOND, "2.0")
    assert "is not healthy" in hold["why"]
    (words,) = status.look(undone).holds
    assert words.startswith("2.0 since 20") and "is not healthy" in words
    with pytest.raises(PromotionRefusedError, match="2.0 is on hold in staging") as caught:
        holds.require_none(undone, SECOND, "2.0")
    assert caught.value.code == 7
    holds.require_none(undone, FIRST, "1.0")


def test_it_is_on_hold_once(undone: Site) -> None:
    """A second failure of the same release is the same hold."""
    with pytest.raises(DeploymentUndoneError):
        deploy.carry_out(undone, "deploy", SECOND, "2.0")

    assert len(undone.history.holds()) == 1


def test_a_person_takes_it_off_with_a_reason(undone: Site) -> None:
    """Who and why stay in the history; what is not on hold cannot be taken off."""
    with pytest.raises(ConfigurationError, match="with a reason"):
        holds.take_off(undone, " ", "ada")
    with pytest.raises(ConfigurationError, match="Nothing is on hold in staging"):
        holds.take_off(undone, "known", "ada", FIRST)

    (taken,) = holds.take_off(undone, "the queue was full", "ada", SECOND)

    assert taken["version"] == "2.0"
    holds.require_none(undone, SECOND, "2.0")
    assert status.look(undone).holds == ()
    (row,) = undone.history.holds()
    assert (row["resumed"]["by"], row["resumed"]["reason"]) == ("ada", "the queue was full")
    with pytest.raises(ConfigurationError, match="Nothing is on hold in staging."):
        holds.take_off(undone, "again", "ada")


def test_an_interrupted_deployment_is_not_on_hold(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C says nothing about the release."""
    site = site_of(world, tmp_path)
    monkeypatch.setattr(
        "towpath.deployment.traffic.prove", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt())
    )
    with pytest.raises(InterruptedRunError):
        deploy.carry_out(site, "deploy", FIRST, "1.0")

    assert site.history.holds() == []


def test_containers_that_cannot_be_started_are_no_fault_of_the_release(
    world: World, tmp_path: Path
) -> None:
    """A port or a disk: deployed again, it may well serve."""
    site = site_of(world, tmp_path)
    deploy.carry_out(site, "deploy", FIRST, "1.0")
    world.broken = "--scale=web=2"
    with pytest.raises(DeploymentUndoneError) as caught:
        deploy.carry_out(site, "deploy", SECOND, "2.0")

    assert caught.value.next_step == "Deploy again."
    assert site.history.holds() == []


def test_the_history_has_who_did_what(undone: Site) -> None:
    """In the form of its releases."""
    holds.take_off(undone, "the queue was full", "ada")

    put, taken = holds.acts(undone.history.holds())

    assert (put["kind"], put["version"], put["by"]) == ("hold", "2.0", "")
    assert (taken["kind"], taken["by"], taken["why"]) == ("resume", "ada", "the queue was full")
