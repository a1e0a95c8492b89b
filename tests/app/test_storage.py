"""Storing a report: all of it, once, whatever comes first."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from celery.app.task import Context
from django.core.exceptions import ObjectDoesNotExist
from django.db import IntegrityError, OperationalError, transaction

from config.celery import app
from releases import storage
from releases.models import Deployment, Promotion, Receipt, Release, Run, StageResult
from releases.tasks import store_report
from tests.app.reports import bend, deployed, digest, passed, report, stages

pytestmark = pytest.mark.django_db


def test_everything_is_stored_at_once() -> None:
    """Run, stages, release, promotion and deployment belong together."""
    sent = report()

    assert storage.store(sent) is True

    run = Run.objects.get()
    assert [stage.name for stage in run.stages.all()] == list(sent["stages"])
    assert run.stages.get(name="test").facts["coverage"] == 96.5
    assert run.promotions.get().release_id == digest("a")
    assert run.deployments.get().environment == "staging"
    assert str(Release.objects.get()) == "1.2.3+gabc1234"


def test_storing_again_is_no_work() -> None:
    """A message that is delivered twice is stored once."""
    sent = report()
    storage.store(sent)

    assert storage.store(sent) is False
    assert (Run.objects.count(), Deployment.objects.count()) == (1, 1)


def test_the_worker_may_be_faster_than_the_promise() -> None:
    """A message that comes before its receipt is stored, and the receipt found afterwards."""
    sent = report()
    storage.store(sent)

    assert storage.accept(sent, lambda _: None) is storage.Acceptance.STORED_BEFORE


def test_another_report_under_the_id_is_not_stored() -> None:
    """The worker holds the same promise as the web process."""
    sent = report()
    storage.accept(sent, lambda _: None)
    with pytest.raises(
        ValueError, match=f"run {sent['run']} was already accepted with another report"
    ):
        storage.store(bend(sent, "branch", "elsewhere"))

    assert Run.objects.count() == 0


def test_a_failure_in_the_middle_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """No run without its stages."""

    def fail(*_: Any, **__: Any) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(Deployment.objects, "bulk_create", fail)
    with pytest.raises(OperationalError, match="gone"):
        storage.store(report())

    assert [model.objects.count() for model in (Receipt, Run, StageResult, Release)] == [0] * 4


def test_runs_share_a_release() -> None:
    """The same image, tested twice, is one release."""
    storage.store(report())
    storage.store(report())

    assert (Run.objects.count(), Release.objects.count(), Promotion.objects.count()) == (2, 1, 2)


def test_a_build_reported_late_completes_its_release() -> None:
    """A promotion knows the digest only; the build's report adds the platforms."""
    promoted = {"promote-release": passed(digest=digest("a"), tag="release")}
    storage.store(report(stages=promoted, version="unsure"))
    storage.store(report())
    release = Release.objects.get()

    assert release.platforms == ["linux/amd64", "linux/arm64"]
    assert release.version == "1.2.3+gabc1234"


def test_a_later_report_does_not_change_a_release() -> None:
    """What the first build said of a digest stays."""
    storage.store(report())
    storage.store(bend(report(version="other"), "stages/build/sizes", {"linux/amd64": 1}))
    release = Release.objects.get()

    assert (release.version, release.sizes["linux/amd64"]) == ("1.2.3+gabc1234", 200)


def test_every_thread_publishes_through_the_same_application() -> None:
    """gunicorn answers in threads that Celery has not seen before."""
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(lambda: store_report.app).result()

    assert found is app


class Failing:
    """A store that fails a number of times and then works."""

    def __init__(self, times: int) -> None:
        self.left = times

    def __call__(self, document: Any) -> bool:
        """Fail or work."""
        if self.left:
            self.left -= 1
            raise OperationalError("away")
        return True


def test_in_process_the_caller_gets_to_know(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a queue nobody retries in the background."""
    monkeypatch.setattr(storage, "store", Failing(1))
    with pytest.raises(OperationalError, match="away"):
        store_report.apply_async(args=(report(),))


@pytest.mark.parametrize(("retries", "pause"), [(0, 1), (3, 8), (8, 256), (9, 300), (50, 300)])
def test_the_worker_waits_longer_each_time(
    monkeypatch: pytest.MonkeyPatch, retries: int, pause: int
) -> None:
    """While the database is away the message is kept, and the pauses have a limit."""
    seen: dict[str, Any] = {}

    class Asked(Exception):
        pass

    def retry(**options: Any) -> Exception:
        seen.update(options)
        return Asked()

    monkeypatch.setattr(storage, "store", Failing(1))
    monkeypatch.setattr(store_report, "retry", retry)
    store_report.request_stack.push(Context(is_eager=False, retries=retries))
    try:
        with pytest.raises(Asked):
            store_report.run(report())
    finally:
        store_report.request_stack.pop()

    assert seen["countdown"] == pause
    assert store_report.max_retries is None


@pytest.mark.parametrize(
    "change",
    [
        {"status": "skipped"},
        {"status": "green"},
        {"duration": -1.0},
    ],
)
def test_the_database_keeps_a_run_sound(change: dict[str, Any]) -> None:
    """A row that no report could make cannot be made by hand either."""
    storage.store(report())
    with pytest.raises(IntegrityError), transaction.atomic():
        Run.objects.update(**change)


def test_the_database_knows_environments_tags_and_digests() -> None:
    """Constraints name what is allowed."""
    storage.store(report())
    for rows, change in (
        (Deployment.objects, {"environment": "moon"}),
        (Deployment.objects, {"status": "skipped"}),
        (Promotion.objects, {"tag": "latest"}),
        (StageResult.objects, {"status": "green"}),
        (StageResult.objects, {"duration": -0.1}),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        Release.objects.create(digest="latest", version="1", platforms=[], sizes={})

    assert Deployment.objects.get().environment == "staging"


def test_rows_read_well_in_a_shell() -> None:
    """Each row's text says what it is."""
    sent = report(stages={**stages(), "deploy": deployed("a", "production")})
    storage.store(sent)

    assert str(Receipt.objects.get()) == sent["run"]
    assert str(Run.objects.get()) == "1.2.3+gabc1234 passed"
    assert str(StageResult.objects.get(name="lint")) == "lint passed"
    assert str(Promotion.objects.get()) == f"{digest('a')} -> test"
    assert str(Deployment.objects.get()) == f"{digest('a')} in production: passed"
    with pytest.raises(ObjectDoesNotExist):
        Run.objects.get(branch="elsewhere")
