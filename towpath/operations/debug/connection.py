"""The first steps to a registry: the addresses of its name, and a connection with verified TLS."""

from __future__ import annotations

import base64
import http.client
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from towpath.core.errors import CommandFailedError
from towpath.registry.client.https import AUTHORITIES
from towpath.registry.client.proxies import proxy
from towpath.registry.client.urls import Origin, origin

PATIENCE = 5.0  # seconds to connect
TO_TRUST = "Name a bundle that has the company's certificate in REQUESTS_CA_BUNDLE, then: {}"


@dataclass(frozen=True)
class Way:
    """How a registry is reached: its origin, and the URL of a proxy, empty without one."""

    to: Origin
    through: str = ""

    @property
    def first(self) -> tuple[str, int]:
        """The host and the port that this machine itself connects to."""
        if not self.through:
            return self.to.host, self.to.port
        parts = urlsplit(self.through)
        return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def way(root: str, env: Mapping[str, str]) -> Way:
    """Return how the client of the registry at this URL reaches it."""
    to = origin(root)
    return Way(to, proxy(env, to))


def resolve(way: Way) -> str:
    """Return the addresses of the name that is connected to; raises CommandFailedError."""
    host, port = way.first
    whose = f"the proxy {host}" if way.through else host
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise CommandFailedError(
            f"The name of {whose} cannot be resolved.",
            why=getattr(error, "strerror", None) or str(error),
            next_step=f"getent hosts {host}",
        ) from error
    return f"{whose} is {', '.join(dict.fromkeys(str(row[4][0]) for row in found))}"


def connect(way: Way, env: Mapping[str, str]) -> str:
    """Connect and return with whom, verified as the client of the registry does.

    Raises CommandFailedError for a connection that is not made, or not trusted.
    """
    host, port = way.first
    try:
        if way.to.scheme == "http":
            with socket.create_connection((host, port), PATIENCE) as line:
                return f"plain HTTP to this machine, connected to {line.getpeername()[0]}:{port}"
        return _over_tls(way, env)
    except ssl.SSLCertVerificationError as error:
        raise CommandFailedError(
            f"The certificate of {way.to.host} is not trusted.",
            why=error.verify_message,
            next_step=TO_TRUST.format(_curl(way)),
        ) from error
    except ssl.SSLError as error:
        raise CommandFailedError(
            f"{way.to.host}:{way.to.port} does not speak TLS.",
            why=error.reason or str(error),
            next_step=f"{_curl(way)}; plain HTTP is for registries on this machine only",
        ) from error
    except (OSError, http.client.HTTPException) as error:
        start = "invoke registry.start" if way.to.is_near else _curl(way)
        raise CommandFailedError(
            f"No connection to {host}:{port}.",
            why=getattr(error, "strerror", None) or str(error) or type(error).__name__,
            next_step=start,
        ) from error


def _curl(way: Way) -> str:
    return f"curl --verbose {way.to.scheme}://{way.to.host}:{way.to.port}/v2/"


def _over_tls(way: Way, env: Mapping[str, str]) -> str:
    host, port = way.first
    if way.through.startswith("https://"):
        with socket.create_connection((host, port), PATIENCE):
            return f"connected to the proxy {host}:{port}, which speaks TLS itself"
    context = ssl.create_default_context(cafile=_authorities(env))
    line = http.client.HTTPSConnection(host, port, timeout=PATIENCE, context=context)
    if way.through:
        line.set_tunnel(way.to.host, way.to.port, _proxy_login(way.through))
    try:
        line.connect()
        secured: Any = line.sock
        return f"{secured.version()}, {_certificate(secured.getpeercert() or {})}"
    finally:
        line.close()


def _authorities(env: Mapping[str, str]) -> str:
    """Return the certificates that the client of the registry trusts."""
    from requests.utils import DEFAULT_CA_BUNDLE_PATH

    return next((env[name] for name in AUTHORITIES if env.get(name)), "") or str(
        DEFAULT_CA_BUNDLE_PATH
    )


def _proxy_login(url: str) -> dict[str, str]:
    parts = urlsplit(url)
    if not parts.username:
        return {}
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return {"Proxy-Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def _certificate(found: Mapping[str, Any]) -> str:
    """Return for whom a certificate is, by whom and until when."""
    subject, issuer = (
        {key: value for row in found.get(side, ()) for key, value in row}
        for side in ("subject", "issuer")
    )
    by = issuer.get("organizationName") or issuer.get("commonName") or "an unnamed authority"
    name = subject.get("commonName") or "an unnamed host"
    return f"certificate of {name} by {by} until {found.get('notAfter', 'an unknown day')}"
