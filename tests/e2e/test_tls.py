"""https, a renewed certificate, a deployment and maintenance: no request is lost."""

from __future__ import annotations

import http.client
import socket
import ssl
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from tests.e2e import trial as trials
from tests.e2e.trial import Trial
from towpath.deployment import deploy
from towpath.environments import maintenance
from towpath.environments import services as stack
from towpath.environments import tls

OPENSSL = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
# A release that a user is kept at, by https and beside a port that redirects.
PORTS = """
    ports: !override
      - "${{TOWPATH_BIND:-127.0.0.1}}:${{TOWPATH_PORT:?is set by invoke}}:8080"
      - "${{TOWPATH_TLS_BIND:-127.0.0.1}}:{port}:8443"
      - "${{TOWPATH_TLS_BIND:-127.0.0.1}}:{redirect}:8079"
"""


@dataclass(frozen=True)
class Secure:
    """The environment, its ports, and the digests of two releases."""

    trial: Trial
    port: int
    redirect: int
    digests: dict[str, str]

    def ask(self, path: str = "/", cookie: str = "") -> tuple[int, dict[str, str]]:
        """Ask by https over a connection of its own; 0 is no answer."""
        context = ssl.create_default_context(cafile=str(self.trial.root / "site.pem"))
        asked = http.client.HTTPSConnection("localhost", self.port, timeout=10, context=context)
        try:
            asked.request("GET", path, headers={"Cookie": cookie} if cookie else {})
            answer = asked.getresponse()
            answer.read()
            return answer.status, {name.lower(): text for name, text in answer.getheaders()}
        except (OSError, http.client.HTTPException):
            return 0, {}
        finally:
            asked.close()

    def renew(self) -> str:
        """Make a new certificate, and return it."""
        names = "-subj /CN=localhost -addext subjectAltName=DNS:localhost"
        argv = f"{OPENSSL} {names} -keyout site.key -out site.pem".split()
        subprocess.run(argv, cwd=self.trial.root, check=True, capture_output=True)
        return (self.trial.root / "site.pem").read_text(encoding="ascii")

    def deploy(self, version: str) -> None:
        """Deploy a release."""
        place = self.trial.environment
        deploy.deploy(self.trial.workspace, place, self.digests[version], version)


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    """Build two releases, deploy the first with a certificate, and take all away in the end."""
    made = trials.make(tmp_path_factory.mktemp("tls") / "project", bake=1, healthy=2, deadline=30)
    port, redirect = free(), free()
    settings: dict[str, Any] = {"certificate": "site.pem", "key": "site.key", "hsts": 300}
    settings |= {"port": port, "redirect": redirect}
    made = replace(made, settings={**made.settings, "tls": settings, "sticky": True})
    overlay = made.root / "compose" / "trial.yaml"
    text = overlay.read_text(encoding="utf-8").split("\n")
    at = next(number for number, line in enumerate(text) if line.strip().startswith("ports:"))
    text[at] = PORTS.format(port=port, redirect=redirect).strip("\n")
    overlay.write_text("\n".join(text), encoding="utf-8")
    context = tmp_path_factory.mktemp("image")
    trials.lay_out(made.workspace, context)
    digests = {
        name: trials.build(made.workspace, context, name, "good", "first")
        for name in ("first", "second")
    }
    found = Secure(made, port, redirect, digests)
    found.renew()
    try:
        found.deploy("first")
        yield found
    finally:
        stack.services_down(made.workspace, made.environment, volumes=True)


def free() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def load(secure: Secure) -> Iterator[Counter[int]]:
    """Ask by https without pause from several threads, some of them with a cookie."""
    found: Counter[int] = Counter()
    stop = threading.Event()
    # A renewed certificate signs itself, so that one that is being replaced cannot be checked.
    context = ssl._create_unverified_context()  # noqa: S323

    def ask(path: str, sticks: bool) -> None:
        cookie = ""
        while not stop.wait(0.02):
            asked = http.client.HTTPSConnection(
                "localhost", secure.port, timeout=15, context=context
            )
            try:
                asked.request("GET", path, headers={"Cookie": cookie} if cookie else {})
                answer = asked.getresponse()
                answer.read()
                found[answer.status] += 1
                if sticks and (given := answer.getheader("Set-Cookie")):
                    cookie = given.partition(";")[0]
            except (OSError, http.client.HTTPException):
                found[0] += 1
            finally:
                asked.close()

    rows = [("/", True), ("/", True), ("/", False), ("/slow", True), ("/slow", False)]
    threads = [threading.Thread(target=ask, args=row) for row in rows]
    for thread in threads:
        thread.start()
    try:
        yield found
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_http_goes_to_https_which_stays(secure: Secure) -> None:
    """The certificate is checked, HSTS and the cookie are there, and the cookie holds."""
    status, head = secure.ask()

    assert status == 200
    assert head["strict-transport-security"] == "max-age=300"
    assert "HttpOnly; Secure" in head["set-cookie"]
    assert "set-cookie" not in secure.ask(cookie=head["set-cookie"].partition(";")[0])[1]
    plain = http.client.HTTPConnection("localhost", secure.redirect, timeout=10)
    plain.request("GET", "/a?b=1", headers={"Host": f"localhost:{secure.redirect}"})
    answer = plain.getresponse()
    assert answer.status == 308
    assert answer.getheader("Location") == f"https://localhost:{secure.port}/a?b=1"
    plain.close()


def test_a_certificate_is_renewed_under_load(secure: Secure) -> None:
    """Ten times, and each is served at once; no connection fails."""
    with load(secure) as met:
        for _ in range(10):
            wanted = secure.renew()
            assert tls.reload(secure.trial.site)
            served = ssl.get_server_certificate(("localhost", secure.port))
            assert served.strip() == wanted.strip()
    assert not tls.reload(secure.trial.site)
    print(f"renewed 10 times under {met.total()} requests: {dict(met)}")
    assert set(met) == {200} and met[200] > 20


def test_a_deployment_loses_nobody_that_has_a_cookie(secure: Secure) -> None:
    """Requests in flight end at the old container, the next ones go to the new one."""
    with load(secure) as met:
        secure.deploy("second")
    print(f"deployed under {met.total()} requests by https: {dict(met)}")
    assert set(met) == {200}
    assert {row.version for row in secure.trial.site.containers("web")} == {"second"}


def test_maintenance_is_on_purpose(secure: Secure) -> None:
    """503 and Retry-After from the next request on, also when the proxy starts again."""
    site = secure.trial.site
    maintenance.begin(site, 120)
    status, head = secure.ask()
    assert (status, head["retry-after"], head["cache-control"]) == (503, "120", "no-store")
    (proxy,) = site.containers("proxy")
    secure.trial.workspace.runner.run(["docker", "restart", "--time=3", proxy.name])
    site.wait("the proxy", 30, lambda: secure.ask()[0] == 503)
    assert secure.ask()[1]["retry-after"] == "120"
    maintenance.end(site)
    site.wait("the containers", 30, lambda: secure.ask()[0] == 200)
