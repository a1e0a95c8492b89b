"""The probes: what they say, whom they ask, and that nothing stands before them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from django.test import Client
from pytest_django import Settings

from health import checks

UNKNOWN_HOST = {"Host": "10.0.0.7:8000"}


def refuse() -> None:
    """Fail as a client does whose server is gone."""
    raise ConnectionRefusedError("nobody there")


def test_live_says_which_release_answers(client: Client, settings: Settings) -> None:
    """The deployer reads version and digest here."""
    settings.RELEASE_VERSION = "1.2.3"
    settings.RELEASE_COMMIT = "c" * 40
    settings.RELEASE_DIGEST = "sha256:" + "a" * 64
    settings.ENVIRONMENT = "staging"
    response = client.get("/health/live")

    assert response.status_code == 200
    assert response.json() == {
        "status": "ok",
        "version": "1.2.3",
        "commit": "c" * 40,
        "digest": "sha256:" + "a" * 64,
        "environment": "staging",
    }
    assert response["Cache-Control"] == "no-store"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
def test_a_probe_needs_no_host_and_no_tls(client: Client, settings: Settings, path: str) -> None:
    """An address as Host, and plain HTTP, get an answer where a page would not."""
    settings.SECURE_SSL_REDIRECT = True
    settings.ALLOWED_HOSTS = ["dash.example.org"]

    assert client.get(path, headers=UNKNOWN_HOST).status_code == 200
    assert client.get("/", headers=UNKNOWN_HOST).status_code == 400


def test_live_asks_no_service(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dead database must not get a living process restarted."""
    monkeypatch.setattr(checks, "CHECKS", {"database": refuse})

    assert client.get("/health/live").json()["status"] == "ok"


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
def test_a_probe_only_reads(client: Client, path: str) -> None:
    """Anything but GET and HEAD is refused."""
    response = client.post(path)

    assert (response.status_code, response["Allow"]) == (405, "GET, HEAD")


def test_other_health_addresses_do_not_exist(client: Client) -> None:
    """Only the two exact paths are probes."""
    assert client.get("/health/live/").status_code == 404
    assert client.get("/health/../health/live").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_ready_asks_database_cache_and_queue(client: Client) -> None:
    """Each service has its own state and time."""
    response = client.get("/health/ready")
    found = response.json()

    assert response.status_code == 200
    assert found["status"] == "ok"
    assert list(found["checks"]) == ["database", "cache", "queue"]
    assert {outcome["status"] for outcome in found["checks"].values()} == {"ok"}
    assert all(0 <= outcome["seconds"] < 2 for outcome in found["checks"].values())


@pytest.mark.parametrize("name", ["database", "cache", "queue"])
def test_one_service_down_means_not_ready(
    client: Client, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The answer is 503 and says which one it is, without telling how it failed."""
    states: dict[str, Callable[[], None]] = {key: lambda: None for key in checks.CHECKS}
    monkeypatch.setattr(checks, "CHECKS", {**states, name: refuse})
    response = client.get("/health/ready")
    found = response.json()

    assert (response.status_code, found["status"]) == (503, "down")
    assert [key for key, value in found["checks"].items() if value["status"] == "down"] == [name]
    assert b"nobody there" not in response.content


def test_a_hanging_service_hides_no_other(caplog: pytest.LogCaptureFixture) -> None:
    """The others are asked at the same time, and the hanging one is given up."""
    release = threading.Event()

    def hang() -> None:
        release.wait(10)

    started = time.monotonic()
    found = checks.run({"slow": hang, "dead": refuse, "fine": lambda: None}, timeout=0.2)
    took = time.monotonic() - started
    release.set()

    assert {name: outcome.status for name, outcome in found.items()} == {
        "slow": "down",
        "dead": "down",
        "fine": "ok",
    }
    assert 0.2 <= found["slow"].seconds < took + 0.01 < 1
    assert "slow gave no answer within 0.2 s" in caplog.text
    assert "dead is down: ConnectionRefusedError('nobody there')" in caplog.text


def test_a_cache_that_forgets_is_down(settings: Settings) -> None:
    """An answer is not enough: what was put in has to come out."""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
    with pytest.raises(checks.CacheForgot):
        checks.check_cache()


@pytest.mark.django_db(transaction=True)
def test_the_page_behind_is_reached_by_every_other_address(client: Client) -> None:
    """The probes' middleware lets all else pass."""
    assert client.get("/").status_code == 200
