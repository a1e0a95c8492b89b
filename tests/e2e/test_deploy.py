"""Deployment on a real engine: nothing is lost, what is bad is undone, what is cut is ended."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

import pytest

from tests.e2e import trial as trials
from tests.e2e.product import Product, start
from towpath.core.errors import DeploymentUndoneError, GateFailedError, LockedError
from towpath.deployment import deploy, verify
from towpath.deployment.plan import unfinished
from towpath.environments import status
from towpath.environments.state.commands import OWNER
from towpath.environments.state.volume import BACKUPS
from towpath.evidence.journal import Entry


def test_the_first_deployment_serves_and_is_verified(product: Product) -> None:
    """A first deployment goes the same way as any other; nothing served before."""
    trial, version = product.trial, product.serves
    facts = verify.verify(trial.workspace, trial.environment, product.digests[version], version)

    assert facts["problems"] == []
    assert trial.site.history.releases()[0]["previous"] == ""
    assert status.look(trial.site).health == "healthy"


def test_nothing_is_lost_while_a_release_comes_and_goes(product: Product) -> None:
    """Under load a deployment with a migration, and the rollback of it, lose no request."""
    trial, before = product.trial, product.serves
    with trials.load(trial) as met:
        product.deploy("wider")
        there = product.serves
        deploy.rollback(trial.workspace, trial.environment)

    assert (there, product.serves) == ("wider", before)
    assert met.failed == {}
    assert met.versions[before] and met.versions["wider"]
    assert [row for row in trial.site.state.files(BACKUPS) if row.name.endswith(".dump")]


def test_what_serves_already_is_not_deployed_again(product: Product) -> None:
    """A second deployment of the same digest changes no container."""
    before = product.trial.site.containers()
    again = product.deploy(product.serves)

    assert product.trial.site.containers() == before
    assert again.previous == again.digest


@pytest.mark.parametrize("version", ["silent", "crashing"])
def test_a_release_that_does_not_get_healthy_is_never_asked(product: Product, version: str) -> None:
    """A bad release gets no request, and leaves nothing behind."""
    before = product.serves
    with trials.load(product.trial, quick=2) as met, pytest.raises(DeploymentUndoneError) as caught:
        product.deploy(version)

    assert product.serves == before
    assert met.failed == {} and set(met.versions) == {before}
    if version == "crashing":
        assert "this release cannot start" in caught.value.why


def test_a_release_that_answers_with_errors_is_undone_at_once(product: Product) -> None:
    """A release that looks healthy and is not is found by its answers while it is watched."""
    before = product.serves
    with (
        trials.load(product.trial, quick=2),
        pytest.raises(DeploymentUndoneError, match="undone") as caught,
    ):
        product.deploy("failing")

    assert "ERROR_RATE" in caught.value.why
    assert product.serves == before
    assert product.trial.site.containers("worker")[0].version == before


def test_a_migration_that_would_break_what_serves_is_refused(product: Product) -> None:
    """A dropped column stops the deployment before anything is changed, by its code."""
    before = product.trial.site.containers()
    with pytest.raises(GateFailedError, match="DROP_COLUMN"):
        product.deploy("narrower")

    assert product.trial.site.containers() == before


def test_requests_come_through_after_containers_started_again(product: Product) -> None:
    """The proxy finds its servers when it starts again, and a container at its new address."""
    trial, before = product.trial, product.serves
    for service in ("proxy", "web"):
        (container,) = trial.site.containers(service)
        trial.workspace.runner.run(["docker", "restart", "--time=3", container.name])
        deadline = time.monotonic() + 15
        while trial.get()[0] != 200:
            assert time.monotonic() < deadline, f"{service} started again and nothing serves"
            time.sleep(0.2)

    assert product.serves == before


def test_an_interrupt_undoes_a_deployment(product: Product) -> None:
    """SIGINT in the middle ends with the old release alone, and says so."""
    before = product.serves
    process = start(product, product.other, "", "")
    journal = product.trial.site.journal
    release = product.digests[product.other]
    _wait_for(lambda: _has_begun(journal.read(), release, "switch"))
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)[1]

    assert product.serves == before
    assert "InterruptedRunError" in said
    assert unfinished(journal.read(), product.trial.site.history.releases()) is None


def test_two_deployments_at_once_are_refused(product: Product) -> None:
    """While one deployment runs, another one ends at once and names the first."""
    before, after = product.serves, product.other
    process = start(product, after, "", "")
    try:
        state = product.trial.site.state
        _wait_for(lambda: str(process.pid).encode() in (state.read(OWNER) or b""))
        with pytest.raises(LockedError, match=str(process.pid)):
            product.deploy(before)
    finally:
        process.communicate(timeout=90)

    assert process.returncode == 0
    assert product.serves == after


def _has_begun(entries: list[Entry], digest: str, step: str) -> bool:
    ours = bool(entries) and entries[0]["digest"] == digest
    return ours and any(row.get("step") == step for row in entries)


def _wait_for(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.05)
