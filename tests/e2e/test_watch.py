"""A release that breaks after the switch is undone at once; an engine that is away is no fault."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.e2e import trial as trials
from tests.e2e.cut_socket import CutSocket
from tests.e2e.product import Product
from tests.e2e.trial import Trial
from towpath import gates
from towpath.core.errors import DeploymentPausedError, DeploymentUndoneError
from towpath.deployment import deploy
from towpath.engine.discover import find

# Far more than any of these tests takes.
BAKE = 60
# Seconds for which users see the bad release, on a machine with two busy cores.
AT_ONCE = 20


def patient(product: Product, bake: int = BAKE) -> Trial:
    """Return the environment with another bake time."""
    return replace(product.trial, settings={**product.trial.settings, "bake": bake})


def steps(trial: Trial) -> list[tuple[str, str]]:
    """Return the steps and phases of the last deployment."""
    return [(row["step"], row["phase"]) for row in trial.site.journal.read()[1:]]


@contextmanager
def bad_times(trial: Trial) -> Iterator[list[float]]:
    """Ask ten times a second, and keep when an answer was an error or took longer than 0.7 s."""
    found: list[float] = []
    stop = threading.Event()

    def ask() -> None:
        while not stop.wait(0.1):
            begun = time.monotonic()
            status, _ = trial.get()
            if status != 200 or time.monotonic() - begun > 0.7:
                found.append(time.monotonic())

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield found
    finally:
        stop.set()
        thread.join()


@pytest.mark.parametrize("version", ["failing", "slow"])
def test_a_release_that_breaks_after_the_switch_is_undone_within_seconds(
    product: Product, version: str, record_property: Callable[[str, object], None]
) -> None:
    """It answers its health page, and its users get 500 or wait: nobody waits for the bake time."""
    trial, before = patient(product), product.serves
    code = {"failing": "ERROR_RATE", "slow": "WATCH_LATENCY"}[version]
    with trials.load(trial, quick=6, slow=1) as met, bad_times(trial) as bad:
        time.sleep(3)
        with pytest.raises(DeploymentUndoneError, match="it is on hold") as caught:
            deploy.deploy(trial.workspace, trial.environment, product.digests[version], version)

    assert code in caught.value.why
    assert ("watch", "done") not in steps(trial)
    seconds = bad[-1] - bad[0]
    figures = {"seconds": round(seconds, 1), "failed": sum(met.failed.values())}
    figures |= {"requests": met.statuses.total(), "why": caught.value.why[:200]}
    record_property(version, figures)
    print(f"{version}: {figures}")
    assert seconds < AT_ONCE
    assert product.serves == before
    assert trial.site.history.held()[-1]["version"] == version


@pytest.fixture
def cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CutSocket]:
    """Put a socket before the engine that can be cut."""
    found = dict(find(os.environ).environment)
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    real = found["DOCKER_HOST"]
    with CutSocket(tmp_path / "engine.sock", real.removeprefix("unix://")) as socket:
        monkeypatch.setenv("DOCKER_HOST", f"unix://{socket.path}")
        yield socket


def watched(trial: Trial, digest: str) -> Callable[[], bool]:
    """Return whether the deployment of a release is being watched."""
    journal = trial.site.journal

    def reached() -> bool:
        rows = journal.read()
        mine = bool(rows) and rows[0]["digest"] == digest
        return mine and any(row.get("step") == "watch" for row in rows)

    return reached


def test_an_engine_that_is_away_for_seconds_is_waited_for(
    product: Product, cut: CutSocket, capfd: pytest.CaptureFixture[str]
) -> None:
    """Nothing is undone, no request is lost, and the release serves in the end."""
    trial, after = patient(product, 8), product.other
    with trials.load(trial, quick=2, slow=1) as met:
        cut.when(watched(trial, product.digests[after]), seconds=5)
        deploy.deploy(trial.workspace, trial.environment, product.digests[after], after)

    assert cut.was_cut
    assert product.serves == after
    assert met.failed == {}
    said = " ".join(capfd.readouterr().err.split())
    assert "This is not about the release." in said and "answers again after" in said


def test_an_engine_that_stays_away_undoes_nothing_and_the_next_call_ends_it(
    product: Product, cut: CutSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both releases are there until then, and users get their answers."""
    monkeypatch.setattr(gates, "OUTAGE_PATIENCE", 4)
    trial, before, after = patient(product, 8), product.serves, product.other
    with trials.load(trial, quick=2, slow=1) as met:
        cut.when(watched(trial, product.digests[after]), seconds=10)
        with pytest.raises(DeploymentPausedError, match="is paused at «.*Nothing was undone"):
            deploy.deploy(trial.workspace, trial.environment, product.digests[after], after)
        held = trial.site.history.held()
        cut.wait()
        both = {row.version for row in trial.site.containers("web")}
        deploy.deploy(trial.workspace, trial.environment, product.digests[before], before)

    assert both == {before, after}
    assert after not in {row["version"] for row in held}
    assert product.serves == before
    assert met.failed == {}
