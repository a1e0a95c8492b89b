"""Readiness may be asked as often as anybody likes: services are asked once a second."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from django.test import Client

from health import checks
from health.checks import FRESH, Readiness

PATIENCE = 5


class Service:
    """A service that counts who asks, refuses when it is told to, and hangs when it is told to."""

    def __init__(self) -> None:
        self.asked = 0
        self.is_down = False
        self.answers = threading.Event()
        self.answers.set()

    def check(self) -> None:
        """Answer as told."""
        self.asked += 1
        self.answers.wait(PATIENCE)
        if self.is_down:
            raise ConnectionRefusedError("nobody there")


@pytest.fixture
def service() -> Iterator[Service]:
    """Yield a service, and let it answer whoever still waits in the end."""
    found = Service()
    yield found
    found.answers.set()


def status(readiness: Readiness, service: Service, timeout: float = 0.2) -> str:
    """Ask for readiness, and return how the service stands."""
    return readiness.latest({"database": service.check}, timeout)["database"].status


def test_a_thousand_questions_are_one_for_the_service(service: Service) -> None:
    """Within a second nobody opens a second connection."""
    readiness = Readiness()
    said = {status(readiness, service) for _ in range(1000)}

    assert (said, service.asked) == ({"ok"}, 1)


def test_a_service_that_goes_down_is_seen_within_the_second(service: Service) -> None:
    """And so is one that comes back."""
    readiness = Readiness()
    seen = [status(readiness, service)]
    for is_down in (True, False):
        service.is_down = is_down
        time.sleep(FRESH)
        seen.append(status(readiness, service))

    assert (seen, service.asked) == (["ok", "down", "ok"], 3)


def test_the_first_who_ask_together_wait_for_one_answer(service: Service) -> None:
    """Before there is any outcome nobody is told a wrong one."""
    readiness = Readiness()
    service.answers.clear()
    said: list[str] = []
    threads = [
        threading.Thread(target=lambda: said.append(status(readiness, service, PATIENCE)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    service.answers.set()
    for thread in threads:
        thread.join()

    assert (said, service.asked) == (["ok"] * 8, 1)


def test_a_service_that_hangs_holds_one_thread(service: Service) -> None:
    """While one thread waits, the others are told what was known, at once; then it is down."""
    readiness = Readiness()
    assert status(readiness, service) == "ok"
    time.sleep(FRESH)
    service.answers.clear()
    first = threading.Thread(target=status, args=(readiness, service, 1.0))
    first.start()
    while service.asked < 2:
        time.sleep(0.01)
    started = time.monotonic()
    meanwhile = [status(readiness, service) for _ in range(100)]
    took = time.monotonic() - started
    first.join()

    assert meanwhile == ["ok"] * 100
    assert took < 0.5
    assert status(readiness, service) == "down"


def test_a_service_that_hangs_is_not_asked_again_meanwhile(service: Service) -> None:
    """It stays down, and no second thread waits for it; when it answers it is asked anew."""
    readiness = Readiness()
    service.answers.clear()
    seen = [status(readiness, service, 0.05)]
    time.sleep(FRESH)
    seen.append(status(readiness, service, 0.05))
    asked = service.asked
    service.answers.set()
    time.sleep(FRESH)
    seen.append(status(readiness, service))

    assert (seen, asked, service.asked) == (["down", "down", "ok"], 1, 2)


def test_the_probe_asks_once_a_second(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """As anybody does who asks over HTTP: however slow the machine is, no second passes here."""
    service = Service()
    monkeypatch.setattr(checks, "FRESH", float("inf"))
    monkeypatch.setattr(checks, "CHECKS", {"database": service.check})
    codes = {client.get("/health/ready").status_code for _ in range(50)}

    assert (codes, service.asked) == ({200}, 1)
