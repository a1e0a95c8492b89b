"""The pages: what they show, to whom, and how fresh it is."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.test import Client
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks, Settings

from releases import storage
from tests.app.reports import bend, deployed, digest, passed, report, stages

Send = Callable[..., Any]
pytestmark = pytest.mark.django_db


class BrokenCache:
    """A cache whose server is gone."""

    def __getattr__(self, name: str) -> Any:
        raise ConnectionRefusedError("no cache")


class ForgetfulCache(dict[str, Any]):
    """A cache that takes the generation and then loses its server."""

    def set(self, key: str, value: Any, timeout: float | None) -> None:
        """Fail to keep a page."""
        raise TimeoutError("no cache any more")

    def add(self, key: str, value: Any, timeout: float | None) -> None:
        """Keep the generation."""
        self.setdefault(key, value)


def text(client: Client, path: str = "/") -> str:
    """Return the page's HTML."""
    response = client.get(path)
    assert response.status_code == 200
    return str(response.content.decode())


def at(hour: int, letter: str, **changes: Any) -> dict[str, Any]:
    """Return a report of that hour that deployed the digest of that letter to staging."""
    return report(timestamp=f"2026-11-24T{hour:02}:00:00Z", stages=stages(letter), **changes)


def test_an_empty_dashboard_says_what_to_do(client: Client) -> None:
    """Before the first report every environment is there, with nothing in it."""
    page = text(client)

    assert page.count("Nothing deployed yet") == 4
    assert "No run has been reported yet" in page


def test_the_page_names_the_release_that_serves_it(client: Client, settings: Settings) -> None:
    """`curl` of the front page shows version and digest in full."""
    settings.RELEASE_VERSION = "9.8.7+gfeed123"
    settings.RELEASE_DIGEST = digest("d")
    page = text(client)

    assert "<code>9.8.7+gfeed123</code>" in page
    assert f"<code>{digest('d')}</code>" in page


def test_two_releases_do_not_share_their_pages(client: Client, settings: Settings) -> None:
    """During a deployment old and new serve side by side, over one cache."""
    settings.RELEASE_DIGEST = digest("d")
    text(client)
    settings.RELEASE_DIGEST = digest("e")

    assert digest("e") in text(client)


def test_an_environment_shows_what_it_serves(client: Client) -> None:
    """Version, digest and the time since when, with the run that put it there."""
    sent = at(9, "a")
    storage.store(sent)
    page = text(client)

    assert f'<code title="{digest("a")}">aaaaaaaaaaaa</code>' in page
    assert '<time datetime="2026-11-24T09:00:12+00:00">24 Nov 2026, 09:00</time>' in page
    assert f'href="/runs/{sent["run"]}/"' in page
    assert page.count("Nothing deployed yet") == 3


def test_a_failed_deployment_does_not_change_what_serves(client: Client) -> None:
    """The old release is shown, with the attempt that failed."""
    failed = deployed("b", status="failed", reason="never got healthy")
    storage.store(at(9, "a"))
    storage.store(bend(at(10, "b", status="failed", version="2.0.0"), "stages", {"deploy": failed}))
    page = text(client)

    assert '<p class="version">1.2.3+gabc1234</p>' in page
    assert "Last attempt failed</a>, this release stayed live" in page


def test_a_first_deployment_that_failed_is_shown(client: Client) -> None:
    """Nothing serves, and the attempt is there to look at."""
    failed = deployed("b", status="errored", reason="no engine")
    storage.store(report(stages={"deploy": failed}, status="errored"))
    page = text(client)

    assert "Last attempt errored</a></p>" in page
    assert page.count("Nothing deployed yet") == 4


def test_a_success_after_a_failure_ends_the_matter(client: Client) -> None:
    """An old failure is history."""
    failed = deployed("b", status="failed", reason="never got healthy")
    storage.store(bend(at(8, "b", status="failed"), "stages", {"deploy": failed}))
    storage.store(at(9, "a"))

    assert "Last attempt" not in text(client)


def test_since_counts_from_the_first_of_the_same_release(client: Client) -> None:
    """Deploying what runs already does not make it younger, coming back does."""
    for hour, letter in ((7, "a"), (8, "b"), (9, "a"), (10, "a")):
        storage.store(at(hour, letter))
    card = re.search(r"<h2>staging</h2>.*?</li>", text(client), re.DOTALL)

    assert card is not None
    assert "24 Nov 2026, 09:00" in card[0]


def test_what_happened_last_serves(client: Client) -> None:
    """The order of the deployments counts, not the order in which their reports came in."""
    storage.store(at(10, "b", version="2.0.0"))
    storage.store(at(9, "a", version="1.0.0"))

    assert '<p class="version">2.0.0</p>' in text(client)


def test_an_attempt_that_failed_earlier_is_not_the_last(client: Client) -> None:
    """Its report came in late: what serves was deployed after it."""
    failed = deployed("b", status="failed", reason="never got healthy")
    storage.store(at(9, "a"))
    storage.store(bend(at(8, "b", status="failed"), "stages", {"deploy": failed}))
    assert "Last attempt failed" not in text(client)

    cache.clear()
    storage.store(bend(at(10, "b", status="failed"), "stages", {"deploy": failed}))
    assert "Last attempt failed</a>, this release stayed live" in text(client)


def monitored(**changes: Any) -> dict[str, Any]:
    """Return the stages of a run to production, with its monitoring."""
    watched = {"environment": "production", "digest": digest("b"), "version": "2.0.0"}
    figures = {"requests": 1200, "error_percent": 7.5, "p95_ms": 84.4}
    return {
        **stages("b"),
        "promote-release": passed(digest=digest("b"), tag="release"),
        "deploy-production": deployed("b", "production"),
        "monitor": {**passed(**watched, **figures), **changes},
    }


def card(page: str, environment: str) -> str:
    """Return the part of the front page about an environment."""
    found = re.search(rf"<h2>{environment}</h2>.*?</li>", page, re.DOTALL)
    assert found is not None
    return found[0]


def test_an_environment_shows_its_monitoring(client: Client) -> None:
    """What was measured after the deployment, where it was: staging was not watched."""
    storage.store(report(stages=monitored(), version="2.0.0"))
    page = text(client)

    assert "monitored for 1.5 s" in card(page, "production")
    assert "1200 requests, 7.50 % errors, p95 84 ms" in card(page, "production")
    assert "monitored" not in card(page, "staging")


def test_what_was_rolled_back_after_monitoring_does_not_serve(client: Client) -> None:
    """The release that was brought back does, and says that it was."""
    back = {"rolled_back": "1.0.0", "restored": digest("a")}
    why = {"status": "failed", "reason": "too many errors; rolled back to 1.0.0"}
    sent = report(stages=monitored(**why, **back), version="2.0.0", status="failed")
    storage.store(sent)
    shown = card(text(client), "production")

    assert '<p class="version">1.0.0</p>' in shown
    assert "rolled back by this run" in shown and "monitored" not in shown
    assert "Rollback of production passed" in text(client, f"/runs/{sent['run']}/")


def test_what_waits_for_a_person_is_shown_with_its_command(client: Client) -> None:
    """In test and not in release; once it is there, nothing waits."""
    storage.store(at(9, "a"))
    page = text(client)
    assert "waits for approval: promotion to release, in CI" in page
    assert f"<code>invoke promote-release --digest={digest('a')}</code>" in page
    assert "deployment to staging" not in page

    promoted = {"promote-release": passed(digest=digest("a"), tag="release")}
    storage.store(report(timestamp="2026-11-24T10:00:00Z", stages=promoted))
    cache.clear()
    page = text(client)
    assert "promotion to release" not in page
    command = f"invoke deploy --environment=production --digest={digest('a')}"
    assert "waits for deployment to production" in page and command in page

    done = {"deploy-production": deployed("a", "production")}
    storage.store(report(timestamp="2026-11-24T11:00:00Z", stages=done))
    cache.clear()
    assert "Waiting for a person" not in text(client)


def test_a_rollback_is_no_release_that_waits(client: Client) -> None:
    """Somebody decided that it does not serve: nothing is offered to deploy it again."""
    storage.store(report(stages=monitored(), version="2.0.0"))
    back = {"deploy-production": deployed("a", "production", rollback=True)}
    storage.store(report(timestamp="2026-11-24T22:00:00Z", stages=back, version="1.0.0"))
    page = text(client)

    assert "Waiting for a person" not in page
    assert "rolled back by this run" in card(page, "production")


def test_runs_are_paged_and_the_latest_come_first(client: Client) -> None:
    """Twenty to a page, the rest behind `Older`."""
    for minute in range(21):
        storage.store(report(timestamp=f"2026-11-24T10:{minute:02}:00Z", version=f"1.0.{minute}"))
    first, second = text(client), text(client, "/?page=2")

    assert first.index(">1.0.20<") < first.index(">1.0.1<")
    assert ">1.0.0<" not in first.split("Latest runs")[1]
    assert 'rel="next" href="?page=2#runs"' in first
    assert ">1.0.0<" in second
    assert "Page 2 of 2" in second


@pytest.mark.parametrize("number", ["0", "2", "-1", "x", "", "1.5", "²", "9" * 7, "1;DROP"])
def test_a_page_that_is_not_there(client: Client, number: str) -> None:
    """Only the numbers of pages are pages."""
    assert client.get("/", {"page": number}).status_code == 404


def test_the_number_of_questions_does_not_grow(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    """Twenty runs cost as many queries as one."""
    for minute in range(20):
        storage.store(report(timestamp=f"2026-11-24T10:{minute:02}:00Z"))
    cache.clear()
    with django_assert_num_queries(16):
        shown = text(client)

    assert shown.count("2026, 10:") >= 20


def test_a_second_look_asks_no_database(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    """The page comes from the cache."""
    first = text(client)
    with django_assert_num_queries(0):
        second = text(client)

    assert second == first


def test_a_new_report_is_seen_at_once(
    client: Client,
    send: Send,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    """Storing a report forgets the pages, those of its run included."""
    sent = report(version="4.5.6")
    before = text(client)
    missing = client.get(f"/runs/{sent['run']}/").status_code
    with django_capture_on_commit_callbacks(execute=True):
        send(sent)

    assert missing == 404
    assert "4.5.6" not in before
    assert "4.5.6" in text(client)
    assert "4.5.6" in text(client, f"/runs/{sent['run']}/")


def test_without_a_commit_the_pages_stay(client: Client) -> None:
    """What is not committed must not push out what is."""
    text(client)
    generation = cache.get("pages:generation")
    storage.store(report())

    assert cache.get("pages:generation") == generation


def test_the_page_answers_without_its_cache(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A dead Memcached costs time, not the page, and stands in the log."""
    monkeypatch.setattr("releases.pagecache.cache", BrokenCache())
    storage.store(report(version="4.5.6"))

    assert "4.5.6" in text(client)
    assert "without the cache: ConnectionRefusedError('no cache')" in caplog.text


def test_the_page_answers_when_it_cannot_be_kept(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The cache may die between reading and writing."""
    monkeypatch.setattr("releases.pagecache.cache", ForgetfulCache())

    assert "Latest runs" in text(client)
    assert "cache error, could not store index:1" in caplog.text


def test_a_report_is_stored_without_the_cache(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    """Pages that could not be forgotten run out by themselves."""
    monkeypatch.setattr("releases.pagecache.cache", BrokenCache())
    with django_capture_on_commit_callbacks(execute=True):
        stored = storage.store(report())

    assert stored is True
    assert "cache error, could not invalidate the pages" in caplog.text


def test_a_browser_need_not_load_what_it_has(client: Client) -> None:
    """The ETag answers a second look with 304 and no body."""
    first = client.get("/")
    second = client.get("/", headers={"If-None-Match": first["ETag"]})

    assert first["Cache-Control"] == "no-cache"
    assert (second.status_code, second.content) == (304, b"")


def test_a_run_shows_its_stages_with_their_facts(client: Client) -> None:
    """Numbers carry their units, reasons and reuse are said."""
    skipped = {"status": "skipped", "duration": 0, "reason": "not on this branch"}
    reused = passed(issues=0, reused=True, saved=125)
    sent = report(stages={**stages(), "lint": reused, "deploy-production": skipped})
    storage.store(sent)
    page = re.sub(r"<[^>]+>", "", text(client, f"/runs/{sent['run']}/"))

    for fact in (
        "coverage 96.5 %",
        "tests run 40",
        "vulnerabilities critical 0, high 0, medium 1, low 2",
        "sizes linux/amd64 0.0 MB, linux/arm64 0.0 MB",
        "platforms linux/amd64, linux/arm64",
        "lint reused",
        "saved 2 min 05 s",
        "not on this branch",
        "Promoted to test",
        "Deployment to staging passed",
    ):
        assert fact in page


def test_a_run_links_its_commit_and_its_ci_run(client: Client) -> None:
    """On its own page and in the list; a report without links has none."""
    links = {"run": "https://ci.example.com/7", "commit": "https://github.com/a/b/commit/c"}
    sent = report(links=links)
    storage.store(sent)

    for page in (text(client), text(client, f"/runs/{sent['run']}/")):
        assert 'href="https://ci.example.com/7"' in page
        assert 'href="https://github.com/a/b/commit/c"' in page


def test_each_thing_is_shown_when_it_happened(client: Client) -> None:
    """Stages may run side by side: their times are those of the report, not a sum."""
    steps = [{"title": "drain", "status": "failed", "start": 1, "seconds": 2.5}]
    began = {"started": "2026-11-24T21:00:30.250Z", "steps": steps}
    sent = report(stages={**stages(), "deploy": {**deployed("a"), **began}})
    storage.store(sent)
    page = text(client, f"/runs/{sent['run']}/")

    assert '<time datetime="2026-11-24T21:00:30.250000+00:00">21:00:30</time>' in page
    assert '<time datetime="2026-11-24T21:00:31.750000+00:00">21:00:31</time>' in page
    assert '<li class="failed">drain <span class="quiet">2.5 s, failed</span></li>' in page


def test_a_run_without_stages_says_so(client: Client) -> None:
    """A run can end before it began."""
    sent = report(stages={}, status="errored")
    storage.store(sent)

    assert "This run ended before its first stage." in text(client, f"/runs/{sent['run']}/")


def test_an_unknown_run_is_not_found(client: Client) -> None:
    """The page says why a run may not be there yet."""
    response = client.get(f"/runs/{uuid4()}/")

    assert response.status_code == 404
    assert b"once its report has been stored" in response.content


def test_a_crash_has_a_page_of_its_own(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """No trace of the program is shown."""

    def crash() -> None:
        raise RuntimeError("inner detail")

    client.raise_request_exception = False
    monkeypatch.setattr("releases.views.serving", crash)
    response = client.get("/")

    assert response.status_code == 500
    assert b"Something went wrong here" in response.content
    assert b"inner detail" not in response.content
